import { mkdirSync, mkdtempSync, renameSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InputError } from '@cxr-align/files';
import { folderHash } from '../src/store/folder-hash.js';

describe('folderHash(folder)', () => {
  const folder = mkdtempSync(join(tmpdir(), 'hash-'));
  mkdirSync(join(folder, 'inner'));
  writeFileSync(join(folder, 'a'), 'one');
  writeFileSync(join(folder, 'inner', 'b'), 'two');
  const hash = folderHash(folder);
  it('is the same for the same files, however the folder is written', () => {
    expect(hash).toMatch(/^[0-9a-f]{64}$/);
    expect(folderHash(`${folder}/`)).toBe(hash);
    expect(folderHash(join(folder, 'inner', '..'))).toBe(hash);
  });
  it('changes with a content and with a name', () => {
    writeFileSync(join(folder, 'inner', 'b'), 'twO');
    const changed = folderHash(folder);
    expect(changed).not.toBe(hash);
    writeFileSync(join(folder, 'inner', 'b'), 'two');
    expect(folderHash(folder)).toBe(hash);
    renameSync(join(folder, 'a'), join(folder, 'c'));
    expect(folderHash(folder)).not.toBe(hash);
  });
  it('refuses what is no folder by its name', () => {
    expect(() => folderHash('/nowhere')).toThrow(InputError);
    expect(() => folderHash('/nowhere')).toThrow('/nowhere: expected a folder of a model, got no such folder');
  });
});
