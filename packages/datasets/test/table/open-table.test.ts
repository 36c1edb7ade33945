import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { InputError } from '@cxr-align/files';
import { reachableBytes } from '@cxr-align/testkit';
import fc from 'fast-check';
import { parquetWriteBuffer } from 'hyparquet-writer';
import type { BadRow } from '../../src/index.js';
import { openTable } from '../../src/table/open-table.js';
import { folderWith } from '../temporary.js';

const folder = folderWith({});
const write = (content: string | Uint8Array, name = 'table.csv'): string => {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
};
const all = async (file: string) => {
  const bad: BadRow[] = [];
  const rows: { line: number; cells: string[] }[] = [];
  const table = await openTable(file);
  await table.each(
    (cells, line) => rows.push({ line, cells }),
    (row) => bad.push(row),
  );
  return { header: table.header, rows, bad };
};
const utf16 = (text: string, bigEndian = false): Uint8Array => {
  const bytes = Buffer.from(`\uFEFF${text}`, 'utf16le');
  return bigEndian ? bytes.swap16() : bytes;
};

describe('openTable(file)', () => {
  it('cuts plain tables as the parser of quoted ones does: cells, lines, ragged and empty rows, line ends, tabs', async () => {
    const cell = fc.stringMatching(/^[a-z0-9 .;|-]{0,6}$/);
    const row = fc.array(cell, { minLength: 2, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.option(row, { nil: undefined }), { maxLength: 12 }),
        fc.constantFrom('\n', '\r\n'),
        fc.constantFrom(',', '\t'),
        fc.boolean(),
        fc.constantFrom('', '\uFEFF'),
        fc.nat(12),
        async (rows, end, delimiter, endsWithLine, mark, quotedFrom) => {
          const text = (quoted: (row: number) => boolean): string =>
            mark +
            [['a', 'b', 'c'], ...rows]
              // A row of one blank cell would be an empty line.
              .map((cells, i) => (cells ?? []).map((one) => (quoted(i) ? `"${one}"` : one)).join(delimiter))
              .join(end) +
            (endsWithLine ? end : '');
          const plain = await all(write(text(() => false)));
          expect(plain).toEqual(await all(write(text(() => true))));
          expect(plain).toEqual(await all(write(text((i) => i >= quotedFrom))));
        },
      ),
      { numRuns: 200 },
    );
  });
  it('goes through the rows as often as asked', async () => {
    const table = await openTable(write('a,b\n1,2\n3,4\n'));
    for (const _ of [1, 2]) {
      const lines: number[] = [];
      await table.each((_cells, line) => lines.push(line));
      expect(lines).toEqual([2, 3]);
    }
  });
  it('reads old line ends and quoted line breaks', async () => {
    expect((await all(write('a,b\r1,2\r'))).rows).toEqual([{ line: 2, cells: ['1', '2'] }]);
    const { rows } = await all(write('a,b\n"1\n2",3\n4,5\n'));
    expect(rows).toEqual([
      { line: 3, cells: ['1\n2', '3'] },
      { line: 4, cells: ['4', '5'] },
    ]);
  });
  it('reads UTF-16 with a byte order mark, as spreadsheets export it', async () => {
    for (const bigEndian of [false, true]) {
      const { header, rows } = await all(write(utf16('näme\tb\r\nÄ\t1\r\n', bigEndian)));
      expect(header).toEqual(['näme', 'b']);
      expect(rows).toEqual([{ line: 2, cells: ['Ä', '1'] }]);
    }
  });
  it('reads rows that lie over the ends of the pieces that are read, gzipped or not', async () => {
    // Two-byte characters, so that some are cut.
    const rows = Array.from({ length: 60_000 }, (_, i) => `ä${i},${'ö'.repeat(i % 7)}`);
    for (const pack of [(text: string) => text, gzipSync]) {
      const read = await all(write(pack(`a,b\n${rows.join('\n')}`)));
      expect(read.rows).toHaveLength(rows.length);
      expect(read.rows.every(({ cells, line }, i) => cells.join(',') === rows[i] && line === i + 2)).toBe(true);
    }
  });
  it('reads one quoted cell of ten million characters', async () => {
    const { rows } = await all(write(`a,b\n1,"${'x'.repeat(10_000_000)}"\n`));
    expect(rows[0].cells[1]).toHaveLength(10_000_000);
  });
  it.each([
    ['an empty file', '', 'expected a header and rows, got an empty file'],
    ['a column that stands twice', 'a,a\n1,2\n', 'row 1, column a: expected each column once, got "a" twice'],
    ['a binary file', Uint8Array.of(97, 0, 98), 'expected text, got NUL characters'],
    ['bytes that are no UTF-8', Uint8Array.of(97, 10, 49, 10, 0xe9, 10), 'expected UTF-8 text, got other bytes'],
    ['a row without end', `a,b\n${'x'.repeat(17_000_000)}`, 'row 2: expected rows of at most 16 million characters'],
    ['a quote that is not closed', `a,b\n1,"2\n3,4\n`, 'expected a CSV table, got a quote that is not closed'],
    [
      'a gzipped file that is cut short',
      gzipSync(`a\n${'1\n'.repeat(99)}`).subarray(0, -9),
      'expected a whole gzipped table',
    ],
  ])('refuses %s', async (_, content, message) => {
    await expect(all(write(content))).rejects.toThrow(InputError);
    await expect(all(write(content))).rejects.toThrow(message);
  });
  it('says after which row a quote is not closed, and how to mend it', async () => {
    await expect(all(write('a,b\n1,2\n3,"4\n5,6\n'))).rejects.toThrow(
      /row 3, column b: .*a quote that is not closed; close it/,
    );
  });
  it('reads a Parquet file of several groups of rows', async () => {
    const names = Array.from({ length: 2500 }, (_, i) => `i${i}.png`);
    const bytes = parquetWriteBuffer({
      columnData: [{ name: 'image', data: names, type: 'STRING' }],
      rowGroupSize: 1000,
    });
    const { rows } = await all(write(new Uint8Array(bytes), 'groups.parquet'));
    expect(rows.map(({ cells }) => cells[0])).toEqual(names);
    expect(rows.map(({ line }) => line)).toEqual(names.map((_, i) => i + 2));
  });
  it('refuses a file that is not there, and a text that is called a Parquet file', async () => {
    await expect(openTable(join(folder, 'none.csv'))).rejects.toThrow('none.csv: expected a table, got ENOENT');
    await expect(openTable(join(folder, 'none.parquet'))).rejects.toThrow('expected a table, got no such file');
    await expect(openTable(write('a,b\n', 'text.parquet'))).rejects.toThrow('expected a Parquet file');
  });
  it('keeps no more of a long table than a piece of it', async () => {
    const line = `${'some/long/path/to/an/image/'.repeat(4)}0.png,1,0,,-1\n`;
    const table = await openTable(write(`path,a,b,c,d\n${line.repeat(800_000)}`, 'long.csv'));
    const before = reachableBytes();
    let most = 0;
    let count = 0;
    await table.each(() => {
      if (++count % 100_000 === 0) most = Math.max(most, reachableBytes());
    });
    expect(count).toBe(800_000);
    expect(most - before).toBeLessThan(20 * 2 ** 20); // of a file of 96 MB
  });
});
