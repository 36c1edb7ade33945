import { existsSync, mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InputError } from '@cxr-align/files';
import { outputFile, outputFolder } from '../../src/usage/output-path.js';

const place = mkdtempSync(join(tmpdir(), 'output-'));
writeFileSync(join(place, 'file.txt'), '');

describe('outputFolder(flag) and outputFile(flag)', () => {
  it('take what can be written, and leave nothing there', () => {
    expect(outputFolder('out')(join(place, 'new', 'deep'))).toBe(join(place, 'new', 'deep'));
    expect(outputFolder('out')(place)).toBe(place);
    expect(outputFile('out')(join(place, 'new.csv'))).toBe(join(place, 'new.csv'));
    expect(outputFile('out')(join(place, 'file.txt'))).toBe(join(place, 'file.txt'));
    expect(readdirSync(place)).toEqual(['file.txt']);
  });
  it.each([
    ['a file', join(place, 'file.txt'), 'to be a folder, got the file'],
    ['a folder below a file', join(place, 'file.txt', 'x'), 'is a file; name another'],
  ])('outputFolder refuses %s', (_name, path, message) => {
    expect(() => outputFolder('out')(path)).toThrow(InputError);
    expect(() => outputFolder('out')(path)).toThrow(`expected --out`);
    expect(() => outputFolder('out')(path)).toThrow(message);
  });
  it('outputFile refuses a folder', () => {
    expect(() => outputFile('html')(place)).toThrow(`expected --html to be a file, got the folder ${place}`);
  });
  (existsSync('/proc/self') ? it : it.skip)('both refuse /proc, below which Node makes folders for ever', () => {
    expect(() => outputFolder('out')('/proc/x/y')).toThrow(
      'expected --out to be where files can be written, got /proc/x/y',
    );
    expect(() => outputFile('out')('/proc/x.csv')).toThrow('expected --out to be where files can be written');
  });
});
