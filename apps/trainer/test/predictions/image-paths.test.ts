import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InputError } from '@cxr-align/files';
import { imagePaths } from '../../src/predictions/image-paths.js';

const place = mkdtempSync(join(tmpdir(), 'paths-'));
const at = (...names: string[]): string[] => names.map((name) => join(place, name));

describe('imagePaths(paths)', () => {
  beforeAll(() => {
    for (const folder of ['a/b', '.hidden', 'empty']) mkdirSync(join(place, folder), { recursive: true });
    for (const name of ['2.png', '1.PNG', 'notes.txt', 'a/3.dcm', 'a/b/4.jpeg', '.hidden/5.png', '.6.png', 'x[1].png'])
      writeFileSync(join(place, name), '');
    const dicom = Buffer.alloc(140);
    dicom.write('DICM', 128);
    writeFileSync(join(place, 'a', 'IM-0001'), dicom);
    writeFileSync(join(place, 'a', '1.2.840.113'), dicom);
    writeFileSync(join(place, 'a', 'README'), 'no image');
  });

  it('takes files as they are, also those that are not there or no images', () => {
    expect(imagePaths(at('notes.txt', 'nowhere.png', 'x[1].png'))).toEqual(at('notes.txt', 'nowhere.png', 'x[1].png'));
  });
  it('takes the images of a folder at any depth in order, DICOM without an extension too, hidden ones not', () => {
    expect(imagePaths([place])).toEqual(
      at('1.PNG', '2.png', 'a/1.2.840.113', 'a/3.dcm', 'a/IM-0001', 'a/b/4.jpeg', 'x[1].png'),
    );
  });
  it.each([
    ['*.png', ['2.png', 'x[1].png']],
    ['?.png', ['2.png']],
    ['[!2]*.PNG', ['1.PNG']],
    ['**/*.{dcm,jpeg}', ['a/3.dcm', 'a/b/4.jpeg']],
    ['a/*/4.*', ['a/b/4.jpeg']],
    ['a/IM-*', ['a/IM-0001']],
  ])('takes the files that match %s', (pattern, files) => {
    expect(imagePaths(at(pattern))).toEqual(at(...files));
  });
  it('has each image once', () => {
    expect(imagePaths([...at('2.png'), ...at('*.png')])).toEqual(at('2.png', 'x[1].png'));
  });
  it.each([
    ['empty', 'expected images (PNG, JPEG, TIFF, WebP or DICOM), got none'],
    ['*.bmp', 'expected a pattern that matches files'],
    ['no/such/*.png', 'which matches none'],
  ])('refuses %s', (path, message) => {
    expect(() => imagePaths(at(path))).toThrow(InputError);
    expect(() => imagePaths(at(path))).toThrow(message);
  });
});
