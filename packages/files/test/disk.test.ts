import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import {
  asideOf,
  InputError,
  observeDisk,
  openFileAtomic,
  readSealedSafetensors,
  resolveInside,
  sealSafetensors,
  sha256,
  writeFileAtomic,
  type DiskChange,
} from '../src/index.js';

describe('writeFileAtomic(path, content)', () => {
  it('leaves the whole file and nothing else', () => {
    const folder = mkdtempSync(join(tmpdir(), 'files-'));
    writeFileAtomic(join(folder, 'a', 'b.txt'), 'first');
    writeFileAtomic(join(folder, 'a', 'b.txt'), 'second');
    expect(readdirSync(join(folder, 'a'))).toEqual(['b.txt']);
    expect(readFileSync(join(folder, 'a', 'b.txt'), 'utf8')).toBe('second');
  });
  it('flushes the file before it is renamed, and the folder after it; new folders, too', () => {
    const folder = mkdtempSync(join(tmpdir(), 'files-'));
    const changes: DiskChange[] = [];
    const stop = observeDisk({ before: (change) => changes.push(change) });
    writeFileAtomic(join(folder, 'a', 'b', 'c.txt'), 'text');
    stop();
    writeFileAtomic(join(folder, 'a', 'd.txt'), 'unseen');
    expect(changes.map(({ kind, path, target }) => `${kind} ${(target ?? path).slice(folder.length)}`)).toEqual([
      'make folder /a/b',
      'sync folder /a',
      'sync folder ',
      'create /a/b/c.txt',
      'write /a/b/c.txt',
      'sync /a/b/c.txt',
      'rename /a/b/c.txt',
      'sync folder /a/b',
    ]);
  });
  it('leaves the old file where it fails at any change, and nothing beside it', () => {
    const folder = mkdtempSync(join(tmpdir(), 'files-'));
    const file = join(folder, 'b.txt');
    writeFileAtomic(file, 'first');
    for (const failing of ['create', 'write', 'sync', 'rename']) {
      const stop = observeDisk({
        before: ({ kind }) => {
          if (kind === failing) throw new Error('ENOSPC');
        },
      });
      expect(() => writeFileAtomic(file, 'second')).toThrow('ENOSPC');
      stop();
      expect(readdirSync(folder)).toEqual(['b.txt']);
      expect(readFileSync(file, 'utf8')).toBe('first');
    }
  });
  it('removes what a dead process of this host wrote aside there, and nothing else', () => {
    const folder = mkdtempSync(join(tmpdir(), 'files-'));
    const { pid } = spawnSync(process.execPath, ['-e', '']);
    const own = basename(asideOf(join(folder, 'b.txt')));
    const [, host, , start] = own.slice(1).split('-');
    const name = (process: number, started: string): string => `.cxr-${host}-${process}-${started}-0-3.tmp`;
    // A process that has ended, and one whose number was given again.
    const dead = [name(pid, start), name(process.pid, '1')];
    const others = [name(process.pid, start), dead[0].replace(host, '00000000'), 'a.tmp', `${dead[0]}x`];
    const other = mkdtempSync(join(tmpdir(), 'files-'));
    for (const one of [...dead, ...others]) writeFileSync(join(other, one), '');
    writeFileAtomic(join(other, 'b.txt'), 'first');
    expect(readdirSync(other).sort()).toEqual([...others, 'b.txt'].sort());
  });
});

describe('openFileAtomic(path)', () => {
  it('leaves the file once it is finished, and nothing if it is cancelled', () => {
    const folder = mkdtempSync(join(tmpdir(), 'files-'));
    const kept = openFileAtomic(join(folder, 'kept'));
    const left = openFileAtomic(join(folder, 'left'));
    for (const file of [kept, left]) ['a', 'b'].forEach((text) => file.write(text));
    expect(readdirSync(folder).filter((name) => !name.startsWith('.'))).toEqual([]);
    kept.finish();
    left.cancel();
    expect(readdirSync(folder)).toEqual(['kept']);
    expect(readFileSync(join(folder, 'kept'), 'utf8')).toBe('ab');
  });
});

describe('sealSafetensors(tensors, metadata)', () => {
  const folder = mkdtempSync(join(tmpdir(), 'files-'));
  const file = join(folder, 'sealed.safetensors');
  const bytes = sealSafetensors(new Map([['a/b', { shape: [3], data: Float32Array.of(1, -0.5, 3) }]]), {
    text: '"sha256":"x',
  });
  it('is read again', () => {
    writeFileSync(file, bytes);
    const { tensors, metadata } = readSealedSafetensors(file);
    expect(tensors.get('a/b')).toEqual({ shape: [3], data: Float32Array.of(1, -0.5, 3) });
    expect(metadata.text).toBe('"sha256":"x');
  });
  it('is refused with any one bit changed, and cut at any byte', () => {
    const isRefused = (content: Uint8Array): boolean => {
      writeFileSync(file, content);
      try {
        readSealedSafetensors(file);
        return false;
      } catch (error) {
        return error instanceof InputError && error.message.includes('the file is cut or damaged');
      }
    };
    expect(isRefused(bytes)).toBe(false);
    const flipped = Array.from({ length: 8 * bytes.length }, (_, bit) =>
      bytes.map((byte, at) => (at === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte)),
    );
    const cut = Array.from(bytes, (_, length) => bytes.subarray(0, length));
    expect([...flipped, ...cut].filter((content) => !isRefused(content))).toEqual([]);
    expect(() => readSealedSafetensors(join(folder, 'none'))).toThrow('got no such file');
    expect(() => sealSafetensors(new Map(), { sha256: 'x' })).toThrow('expected metadata without sha256');
  });
});

describe('sha256(content)', () => {
  it('is the published digest of the empty text', () => {
    expect(sha256('')).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
  });
});

describe('resolveInside(folder, name)', () => {
  it('joins a name below the folder', () => {
    expect(resolveInside('/data', 'images/a.png')).toBe('/data/images/a.png');
    expect(resolveInside('/data', '..a.png')).toBe('/data/..a.png');
  });
  it.each(['../x.png', '/etc/passwd', 'a/../../x', 'a\0b'])('refuses %j', (name) => {
    expect(() => resolveInside('/data', name, { file: 't.csv', row: 3 })).toThrow(
      't.csv, row 3: expected a path inside',
    );
  });
});

describe('resolveInside(folder, name), plain names', () => {
  it.each(['a.png', 'a/b/c.jpg', './a', 'a//b', 'a/./b', 'a/b/', 'ä.png', 'a b.png', '.hidden', 'a/.b'])(
    'resolves %j as node does',
    (name) => {
      for (const folder of ['/data', '/', 'data', '/data/', '/x/../data'])
        expect(resolveInside(folder, name)).toBe(resolve(folder, name));
    },
  );
});
