import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { resolveInside, sha256, writeFileAtomic } from '../src/index.js';

describe('writeFileAtomic(path, content)', () => {
  it('leaves the whole file and nothing else', () => {
    const folder = mkdtempSync(join(tmpdir(), 'files-'));
    writeFileAtomic(join(folder, 'a', 'b.txt'), 'first');
    writeFileAtomic(join(folder, 'a', 'b.txt'), 'second');
    expect(readdirSync(join(folder, 'a'))).toEqual(['b.txt']);
    expect(readFileSync(join(folder, 'a', 'b.txt'), 'utf8')).toBe('second');
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
