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
  it('reads a file with a byte order mark', () => {
    writeFileSync(join(folder, 'bom.json'), '\uFEFF[1]');
    expect(readJson(join(folder, 'bom.json'))).toEqual([1]);
  });
  it('gives a key __proto__ to the object as an entry of its own, and to no prototype', () => {
    writeFileSync(join(folder, 'proto.json'), '{"__proto__": {"polluted": true}}');
    const read = readJson(join(folder, 'proto.json')) as Record<string, unknown>;
    expect(Object.keys(read)).toEqual(['__proto__']);
    expect(Object.getPrototypeOf(read)).toBe(Object.prototype);
    expect(read.polluted).toBeUndefined();
  });
  it('says which file is missing or broken', () => {
    expect(() => readJson(join(folder, 'none.json'))).toThrow('none.json: expected a JSON file, got no such file');
    expect(() => readJson(folder)).toThrow('expected a JSON file, got a folder');
    writeFileSync(join(folder, 'b.json'), '{');
    expect(() => readJson(join(folder, 'b.json'))).toThrow('b.json: expected JSON, got ');
  });
});
