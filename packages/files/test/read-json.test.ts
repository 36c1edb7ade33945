import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readJson } from '../src/index.js';

const folder = mkdtempSync(join(tmpdir(), 'json-'));

describe('readJson(file)', () => {
  it('reads what a file holds', () => {
    writeFileSync(join(folder, 'a.json'), '{"a": [1]}');
    expect(readJson(join(folder, 'a.json'))).toEqual({ a: [1] });
  });
  it('says which file is missing or broken', () => {
    expect(() => readJson(join(folder, 'none.json'))).toThrow('none.json: expected a JSON file, got no such file');
    expect(() => readJson(folder)).toThrow('expected a JSON file, got EISDIR');
    writeFileSync(join(folder, 'b.json'), '{');
    expect(() => readJson(join(folder, 'b.json'))).toThrow('b.json: expected JSON, got ');
  });
});
