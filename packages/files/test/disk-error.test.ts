import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DiskError, lockFolder, observeDisk, writeCovered, writeFileAtomic } from '../src/index.js';

const place = mkdtempSync(join(tmpdir(), 'disk-'));
afterAll(() => rmSync(place, { recursive: true, force: true }));

describe('a file that cannot be written', () => {
  it.each([
    ['ENOSPC', 'the disk is full', 'free space there'],
    ['EROFS', 'the disk is read-only', 'use a folder on another disk'],
    ['EIO', 'the disk failed', 'check the disk'],
    ['ESTALE', 'the file server lost the file', 'mount the folder again'],
  ])('is named with what to try: %s', (code, answer, hint) => {
    const file = join(place, 'a.json');
    writeFileSync(file, 'before');
    for (const failing of ['create', 'write', 'sync', 'rename']) {
      const stop = observeDisk({
        before: ({ kind }) => {
          if (kind === failing) throw Object.assign(new Error(code), { code });
        },
      });
      const write = (): void => writeFileAtomic(file, 'after');
      expect(write).toThrow(DiskError);
      expect(write).toThrow(`${file}: expected that it can be written, got ${code} (${answer}); ${hint}`);
      stop();
      expect(readFileSync(file, 'utf8')).toBe('before');
      expect(readdirSync(place)).toEqual(['a.json']);
    }
  });
  it('is named where its folder is a file, or gone', () => {
    expect(() => writeFileAtomic(join(place, 'a.json', 'b'), '')).toThrow(
      /got (ENOTDIR|EEXIST) \(a file where its folder/,
    );
    expect(() => lockFolder(join(place, 'a.json'), 'train')).toThrow(DiskError);
  });
  it('leaves what was there on a disk of 64 kB that is full, then read-only', () => {
    const small = join(place, 'small');
    writeFileAtomic(join(small, 'x'), '');
    const mount = (...args: string[]) => spawnSync('mount', args, { encoding: 'utf8' });
    const { status, stderr, error } = mount('-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', small);
    if (status !== 0) return void console.warn(`not checked on a real disk: mount: ${stderr ?? error?.message}`);
    try {
      writeCovered(small, { a: 'first' });
      const before = readdirSync(small).sort();
      expect(() => writeCovered(small, { b: new Uint8Array(100_000) })).toThrow(
        /small\/b: .* got ENOSPC \(the disk is full/,
      );
      expect(readdirSync(small).sort()).toEqual(before);
      mount('-o', 'remount,ro', small);
      expect(() => writeFileAtomic(join(small, 'a'), '')).toThrow(
        'small/a: expected that it can be written, got EROFS',
      );
      expect(() => lockFolder(small, 'train')).toThrow(/small: .* got EROFS \(the disk is read-only\)/);
      expect(readFileSync(join(small, 'a'), 'utf8')).toBe('first');
    } finally {
      spawnSync('umount', ['-l', small]);
    }
  });
});
