import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  isCovered,
  manifestName,
  readCovered,
  readManifest,
  sealJson,
  sha256,
  unsealJson,
  writeCovered,
} from '../src/index.js';

const folder = mkdtempSync(join(tmpdir(), 'manifest-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const hint = 'write it again';

/** Reads every file that the manifest names, as a reader of the folder does. */
function readAll(): void {
  const manifest = readManifest(folder, hint)!;
  for (const name of manifest.keys()) readCovered(folder, name, { manifest, hint });
}

describe('writeCovered(folder, files)', () => {
  it('writes files with their hashes, and no changed bit of them or of the manifest is accepted', () => {
    writeCovered(folder, { 'a.json': '{"a":1}', 'b.bin': Uint8Array.of(1, 2, 3), __proto__x: 'c' });
    readAll();
    for (const name of readdirSync(folder)) {
      const file = join(folder, name);
      const bytes = readFileSync(file);
      for (let bit = 0; bit < 8 * bytes.length; bit += 5) {
        bytes[bit >> 3] ^= 1 << (bit & 7);
        writeFileSync(file, bytes);
        expect(readAll).toThrow(new RegExp(`${name}: expected .*; write it again$`));
        bytes[bit >> 3] ^= 1 << (bit & 7);
      }
      writeFileSync(file, bytes);
    }
    readAll();
  });
  it('replaces and removes some, and keeps the others', () => {
    writeCovered(folder, { 'b.bin': 'new', __proto__x: undefined });
    expect([...readManifest(folder, hint)!.keys()]).toEqual(['a.json', 'b.bin']);
    expect(existsSync(join(folder, '__proto__x'))).toBe(false);
    expect(isCovered(folder, 'a.json')).toBe(true);
    expect(isCovered(folder, 'c')).toBe(false);
    rmSync(join(folder, 'a.json'));
    expect(isCovered(folder, 'a.json')).toBe(false);
    expect(readAll).toThrow('a.json: expected the file that manifest.json names, got no such file');
  });
  it('refuses a manifest of another version', () => {
    const manifest = join(folder, manifestName);
    const kept = readFileSync(manifest);
    writeFileSync(manifest, sealJson({ formatVersion: 99, files: {} }));
    expect(() => readManifest(folder, hint)).toThrow(
      'manifest.json: expected a manifest of version 1, got 99; write it again',
    );
    writeFileSync(manifest, kept);
  });
  it('counts what a killed writer left as unfinished, and starts anew over a damaged manifest', () => {
    const manifest = join(folder, manifestName);
    const kept = readFileSync(manifest);
    writeFileSync(join(folder, 'c.json'), '{}');
    expect(() => readCovered(folder, 'c.json', { manifest: readManifest(folder, hint)!, hint })).toThrow(
      'got one that was not finished',
    );
    writeFileSync(manifest, kept.subarray(1));
    expect(isCovered(folder, 'b.bin')).toBe(false);
    writeCovered(folder, { 'c.json': '{}' });
    expect([...readManifest(folder, hint)!.keys()]).toEqual(['c.json']);
  });
});

describe('sealJson(content)', () => {
  it.each([undefined, 2])('reads back with an indent of %s, whatever the texts in it', (indent) => {
    const content = { a: [1, { b: 'ü\u2028,\n"sha256":"' }], c: null };
    const text = sealJson(content, { indent });
    expect(JSON.parse(text)).toMatchObject(content);
    expect(unsealJson(text, { file: 'x', hint, hashOf: sha256 })).toEqual(content);
    expect(() => unsealJson('{}', { file: 'x', hint, hashOf: sha256 })).toThrow(
      'x: expected the bytes that were written',
    );
  });
});
