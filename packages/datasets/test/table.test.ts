import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import type { BadRow } from '../src/index.js';
import { readHeader, readTable } from '../src/table.js';
import { folderWith } from './temporary.js';

const folder = folderWith({});
const write = (content: string | Uint8Array, name = 'table.csv'): string => {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
};
const all = (file: string) => {
  const bad: BadRow[] = [];
  const { header, rows } = readTable(file);
  return { header, rows: [...rows((row) => bad.push(row))], bad };
};

describe('readTable(file)', () => {
  it('cuts plain tables as the parser of quoted ones does: cells, lines, ragged and empty rows, line ends, tabs', () => {
    const cell = fc.stringMatching(/^[a-z0-9 .;|-]{0,6}$/);
    const row = fc.array(cell, { minLength: 2, maxLength: 4 });
    fc.assert(
      fc.property(
        fc.array(fc.option(row, { nil: undefined }), { maxLength: 12 }),
        fc.constantFrom('\n', '\r\n'),
        fc.constantFrom(',', '\t'),
        fc.boolean(),
        fc.constantFrom('', '\uFEFF'),
        (rows, end, delimiter, endsWithLine, mark) => {
          const text = (quote: string): string =>
            mark +
            [['a', 'b', 'c'], ...rows]
              // A row of one blank cell would be an empty line.
              .map((cells) => (cells ?? []).map((one) => `${quote}${one}${quote}`).join(delimiter))
              .join(end) +
            (endsWithLine ? end : '');
          const file = write(text(''));
          const plain = all(file);
          expect(readHeader(file)).toEqual(plain.header);
          expect(plain).toEqual(all(write(text('"'))));
        },
      ),
      { numRuns: 300 },
    );
  });
  it('goes through the rows as often as asked', () => {
    const { rows } = readTable(write('a,b\n1,2\n3,4\n'));
    expect([...rows()]).toEqual([...rows()]);
    expect([...rows()].map(({ line }) => line)).toEqual([2, 3]);
  });
  it('reads old line ends and quoted line breaks', () => {
    expect(all(write('a,b\r1,2\r')).rows).toEqual([{ line: 2, cells: ['1', '2'] }]);
    const { rows } = all(write('a,b\n"1\n2",3\n4,5\n'));
    expect(rows.map(({ cells }) => cells)).toEqual([
      ['1\n2', '3'],
      ['4', '5'],
    ]);
  });
});

describe('readHeader(file)', () => {
  it.each([
    ['a long table', `a,b\n${'1,2\n'.repeat(400_000)}`, 'long.csv'],
    ['a gzipped one', gzipSync(`a,b\n${'1,2\n'.repeat(400_000)}`), 'long.csv.gz'],
    ['quoted names with a line break', `a,"b\nc"\n${'1,2\n'.repeat(400_000)}`, 'quoted.csv'],
    ['one long line', `a,${'b'.repeat(2 ** 21)}\n1,2\n`, 'wide.csv'],
    ['a table in which a character lies over the end of what is read', `a,b\n${'ä,ö\n'.repeat(300_001)}`, 'cut.csv'],
  ])('reads the start of %s', (_, content, name) => {
    const file = write(content, name);
    expect(readHeader(file)).toEqual(readTable(file).header);
  });
  it('refuses what readTable refuses', () => {
    expect(() => readHeader(write(''))).toThrow('got an empty file');
    expect(() => readHeader(write('a,a\n1,2\n'))).toThrow('"a" twice');
    expect(() => readHeader(write(Uint8Array.of(97, 0, 98)))).toThrow('got NUL bytes');
    expect(() => readHeader(join(folder, 'none.csv'))).toThrow('got ENOENT');
  });
});
