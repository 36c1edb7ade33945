import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zipSync } from 'fflate';
import {
  cellOfCsv,
  csvCell,
  faultReason,
  fileInside,
  InputError,
  openZip,
  parseJson,
  printable,
  printableText,
  readJson,
  readNpz,
  readYaml,
  regularFile,
  resolveInside,
  withTimeLimit,
  writeNpy,
} from '../src/index.js';

/** What the types of Node leave out. */
interface Wasm {
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object) => { exports: Record<string, () => void> };
}

const folder = mkdtempSync(join(tmpdir(), 'hostile-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const written = (name: string, content: string | Uint8Array): string => {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
};

describe('withTimeLimit(place, work)', () => {
  it('returns what the work returns, and throws what it throws', () => {
    expect(withTimeLimit({}, () => [1, 2])).toEqual([1, 2]);
    expect(() =>
      withTimeLimit({}, () => {
        throw new TypeError('x');
      }),
    ).toThrow(TypeError);
    expect(withTimeLimit({}, () => withTimeLimit({}, () => 1) + withTimeLimit({}, () => 2))).toBe(3);
  });
  it.each([
    [
      'a loop',
      () => {
        for (;;);
      },
    ],
    ['a regular expression', () => /^(a+)+$/.test(`${'a'.repeat(50)}b`)],
    [
      'WebAssembly',
      () => {
        const bytes = [0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 3, 2, 1, 0, 7, 5, 1, 1, 108, 0, 0];
        const endless = Uint8Array.from([...bytes, 10, 9, 1, 7, 0, 3, 64, 12, 0, 11, 11]);
        const { Instance, Module } = (globalThis as unknown as { WebAssembly: Wasm }).WebAssembly;
        new Instance(new Module(endless)).exports.l();
      },
    ],
  ] as [string, () => unknown][])('ends %s that has no end', (_, work) => {
    const start = performance.now();
    expect(() => withTimeLimit({ file: 'x.dcm' }, work, { ms: 100.5 })).toThrow(
      new InputError(
        'expected a file that is read within 0.1005 s, got one that takes longer; it is damaged or made to be slow',
        { file: 'x.dcm' },
      ),
    );
    expect(performance.now() - start).toBeLessThan(5000);
  });
});

describe('readYaml(file)', () => {
  it.each([
    ['six thousand brackets, which ended the process', `${'['.repeat(6000)}`, 'values nested more than 100 deep'],
    ['brackets that close', `${'['.repeat(3000)}${']'.repeat(3000)}`, 'nested more than 100 deep'],
    ['lists in lists in a line', `${'- '.repeat(500)}a`, 'nested more than 100 deep'],
    ['keys of keys', `${'? '.repeat(300)}a`, 'nested more than 100 deep'],
    ['indented maps', Array.from({ length: 500 }, (_, i) => `${' '.repeat(i)}a:`).join('\n'), 'nested more than 100'],
    [
      'a billion laughs',
      `a: &a [x,x,x,x,x,x,x,x,x]\n${[...'bcdefghi'].map((name, i) => `${name}: &${name} [${Array(9).fill(`*${'abcdefgh'[i]}`).join()}]`).join('\n')}`,
      'too many aliases',
    ],
    ['an alias within itself', 'a: &a [*a]', 'expected values nested at most 100 deep'],
    ['a key twice', 'a: 1\nb: 2\na: 3', 'the key "a" twice in line 3'],
    ['a text of two million characters', 'a: '.padEnd(2_000_000, 'b'), 'more than 1048576 characters'],
    ['broken quotes', 'a: 1\nb: "c', 'Missing closing "quote in line 2'],
  ])('refuses %s', (_, text, message) => {
    const file = written('x.yaml', text);
    expect(() => readYaml(file)).toThrow(InputError);
    expect(() => readYaml(file)).toThrow(`x.yaml: expected`);
    expect(() => readYaml(file)).toThrow(message);
  });
  it('reads 20,000 keys in a time in proportion to them', () => {
    const text = Array.from({ length: 20_000 }, (_, i) => `k${i}: ${i}`).join('\n');
    const used = process.cpuUsage();
    expect(Object.keys(readYaml(written('keys.yaml', text)) as object)).toHaveLength(20_000);
    expect(process.cpuUsage(used).user / 1e6).toBeLessThan(10);
  });
  it('keeps names that every object has as keys', () => {
    const value = readYaml(written('p.yaml', '__proto__: { a: 1 }\nconstructor: 2\n')) as object;
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
    expect(Object.keys(value)).toEqual(['__proto__', 'constructor']);
    expect(({} as { a?: number }).a).toBeUndefined();
  });
});

describe('readJson(file)', () => {
  it('refuses values nested too deeply', () => {
    expect(() => readJson(written('deep.json', '['.repeat(200) + ']'.repeat(200)))).toThrow('at most 100 deep');
    expect(parseJson('[[1]]', 'x')).toEqual([[1]]);
  });
});

describe('files that are no regular files', () => {
  it('are refused: a pipe would be waited for, a device has no end', () => {
    const pipe = join(folder, 'pipe');
    execFileSync('mkfifo', [pipe]);
    expect(() => regularFile(pipe, 'a table')).toThrow('pipe: expected a table, got a pipe or device');
    expect(() => regularFile('/dev/zero', 'a table')).toThrow('expected a table, got a pipe or device');
    expect(() => readJson(pipe)).toThrow('got a pipe or device');
    expect(() => regularFile(written('large', 'abc'), 'a table', 2)).toThrow('of at most 2 bytes, got 3');
  });
});

describe('names of files in files', () => {
  it.each(['../a', 'a/../../b', '/etc/passwd', 'a\0b', '..', 'b/../..', '../../../../etc/passwd'])(
    'may not lead out of the folder: %j',
    (name) => {
      expect(() => resolveInside(folder, name, { file: 'x' })).toThrow('x: expected a path inside the data folder');
    },
  );
  it('are texts', () => {
    expect(() => resolveInside(folder, ['a'] as never, { file: 'x' })).toThrow(InputError);
    expect(() => resolveInside(folder, null as never)).toThrow(InputError);
  });
  it('may not lead out by a link where they are read as text', () => {
    mkdirSync(join(folder, 'data'), { recursive: true });
    written('secret.csv', 'a');
    written('data/own.csv', 'a');
    symlinkSync('../secret.csv', join(folder, 'data', 'link.csv'));
    symlinkSync('own.csv', join(folder, 'data', 'inside.csv'));
    symlinkSync('..', join(folder, 'data', 'up'));
    const read = (name: string): string => fileInside(join(folder, 'data'), name, 'a table', { file: 'dataset.yaml' });
    expect(read('own.csv')).toBe(join(folder, 'data', 'own.csv'));
    expect(read('inside.csv')).toBe(join(folder, 'data', 'inside.csv'));
    expect(() => read('link.csv')).toThrow(
      'dataset.yaml: expected a file inside the data folder, got "link.csv", a link',
    );
    expect(() => read('up/secret.csv')).toThrow('a link that leads out of it');
    // The folder itself may be a link: people put data on other disks.
    symlinkSync('data', join(folder, 'linked'));
    expect(fileInside(join(folder, 'linked'), 'own.csv', 'a table')).toBe(join(folder, 'linked', 'own.csv'));
  });
});

describe('archives that unpack to much more than they are', () => {
  const zeros = writeNpy({ shape: [300, 2 ** 20], data: new Uint8Array(300 * 2 ** 20) });
  it('are refused before anything is unpacked', async () => {
    const file = written('bomb.npz', zipSync({ 'train_images.npy': zeros }));
    await expect(readNpz(file)).rejects.toThrow(/bomb.npz: expected at most \d+ bytes when unpacked, got 314572928/);
    const zip = await openZip(file);
    await expect(zip.read('train_images.npy')).rejects.toThrow('when unpacked from');
    await zip.close();
  });
});

describe('texts that are printed', () => {
  it('have no control characters, marks of direction or halves of characters', () => {
    expect(printable('\u001b[31ma\u009b\u202eb\n\ud800é')).toBe('\\u001b[31ma\\u009b\\u202eb\\u000a\\ud800é');
    expect(printableText('a\nb\t\u001b')).toBe('a\nb\t\\u001b');
    expect(new InputError('got \u001b[2J', { file: 'a\u0007' }).message).toBe('a\\u0007: got \\u001b[2J');
  });
  it('say of a library what a person can use', () => {
    expect(faultReason(new TypeError('Cannot read properties of undefined'))).toBe('damaged content');
    expect(faultReason(new RangeError('Maximum call stack size exceeded'))).toBe('values nested too deeply');
    expect(faultReason(new Error('parquet file invalid\nat x'))).toBe('parquet file invalid');
    expect(faultReason('codestream too short')).toBe('codestream too short');
  });
});

describe('csvCell(value)', () => {
  it.each(['=1+1', '+cmd', '-2+3', '@SUM(A1)', '\t=1', '\r=1', '=HYPERLINK("http://evil","click")'])(
    'is no formula of a spreadsheet, and comes back as it was: %j',
    (text) => {
      const cell = csvCell(text);
      expect(cell).toMatch(/^"?'/);
      expect(cellOfCsv(cell.startsWith('"') ? cell.slice(1, -1).replaceAll('""', '"') : cell)).toBe(text);
    },
  );
  it.each([
    ['-1', '-1'],
    ['+5,5', '"+5,5"'],
    ['-1e-3', '-1e-3'],
    [-1, '-1'],
    [null, ''],
    ["O'Neil", "O'Neil"],
    ["'a", "'a"],
  ])('leaves numbers and other texts: %j', (value, cell) => {
    expect(csvCell(value)).toBe(cell);
    expect(cellOfCsv(cell)).toBe(cell);
  });
});
