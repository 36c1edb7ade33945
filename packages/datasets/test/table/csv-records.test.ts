import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { InputError } from '@cxr-align/files';
import { itWithShared } from '@cxr-align/testkit';
import { openTable, readDataset } from '../../src/index.js';
import { folderWith } from '../temporary.js';

const rowsOf = async (content: string | Uint8Array): Promise<string[][]> => {
  const table = await openTable(join(folderWith({ 'a.csv': content }), 'a.csv'));
  const rows = [table.header];
  await table.each((cells) => rows.push(cells));
  return rows;
};

describe('openTable(file) on the delimiters that programs write', () => {
  it.each([
    [';', 'a;b;c\n1,5;x|y;z,w\n'],
    ['|', 'a|b|c\n1,5|x;y|z,w\n'],
    ['tabs', 'a\tb\tc\n1,5\tx;y\tz,w\n'],
    [',', 'a,b,c\n"1,5",x|y;,"z,w"\n'],
    ['a first line sep=;', 'sep=;\r\na;b;c\r\n1,5;x;z\r\n'],
    ['; where the header has commas in quotes', '"a, b, c, d";b;c\n1;2;3\n'],
  ])('cuts at %s', async (_, text) => {
    const rows = await rowsOf(text);
    expect(rows.map((cells) => cells.length)).toEqual([3, 3]);
    expect(rows[1][0]).toBe(text.includes('1,5') ? '1,5' : '1');
  });
  it('counts the lines of a table whose first line is sep=', async () => {
    const folder = folderWith({ 'labels.csv': 'sep=;\nimage;A\na.png;1\nb.png;7\nc.png;0\nd.png;1\n' });
    await expect(readDataset(folder)).rejects.toThrow(
      'labels.csv, row 4, column A: expected 1, 0, -1 or blank, got "7"',
    );
  });
});

describe('openTable(file) on quotes', () => {
  it('reads a quote within an unquoted cell as a character, as pandas and spreadsheets do', async () => {
    expect(await rowsOf('a,b\n12" film,1\n"say ""hi""",2\nx,"3"\n')).toEqual([
      ['a', 'b'],
      ['12" film', '1'],
      ['say "hi"', '2'],
      ['x', '3'],
    ]);
  });
  it('refuses a text behind a closing quote with file, row and column, and does not repeat it', async () => {
    const file = join(folderWith({ 'a.csv': 'name,note\n"JOHN" DOE,1\n' }), 'a.csv');
    const table = await openTable(file);
    const error: unknown = await table.each(() => {}).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(InputError);
    expect((error as Error).message).toBe(
      `${file}, row 2, column name: expected a CSV table, got a text behind a closing quote; write quotes within a quoted cell twice ("")`,
    );
  });
  it('reads line breaks within cells, and names the line on which a row ends', async () => {
    const table = await openTable(join(folderWith({ 'a.csv': 'a,b\r\n"x\r\ny",1\r\n\r\nz,2\r\n' }), 'a.csv'));
    const lines: number[] = [];
    await table.each((_, line) => lines.push(line));
    expect(lines).toEqual([3, 5]);
  });
  itWithShared('cases/35-inch-quote', 'reads 12" film', async (path) => {
    expect((await readDataset(path)).samples).toHaveLength(12);
  });
  itWithShared('cases/r05-stray-quote', 'reads a quote in a file name', async (path) => {
    expect((await readDataset(path)).samples.map(({ id }) => id)).toEqual(['a.png', 'JOHN DOE 5" film.png']);
  });
});

describe('openTable(file) on what is no table', () => {
  const zip = (name: string): Uint8Array =>
    Buffer.concat([Buffer.from('PK\x03\x04'), Buffer.alloc(26), Buffer.from(name)]);
  it.each<[string, string | Uint8Array, string]>([
    [
      'a workbook',
      zip('[Content_Types].xml'),
      'got an Excel workbook (.xlsx); open it in a spreadsheet and save the sheet as "CSV UTF-8"',
    ],
    [
      'an OpenDocument spreadsheet',
      zip('mimetypeapplication/vnd.oasis.opendocument.spreadsheet'),
      'got an OpenDocument spreadsheet',
    ],
    ['an archive', zip('train.csv'), 'got a ZIP archive; unpack it'],
    ['an old workbook', Uint8Array.of(0xd0, 0xcf, 0x11, 0xe0, 0xa1), 'got an Excel 97 workbook (.xls)'],
    ['a login page', gzipSync('\n<!DOCTYPE html><html><head><title>Login'), 'got a web page, often the login page'],
    ['an HTML table', '<html><table><tr><td>1', 'got an HTML page with a table'],
    [
      'a Git LFS pointer',
      'version https://git-lfs.github.com/spec/v1\n',
      'got a Git LFS pointer, not the file itself; fetch it: git lfs pull',
    ],
    ['JSON lines', '{"file_name": "a.png"}\n', 'got JSON; name a table of images metadata.jsonl'],
    ['Parquet under another name', 'PAR1...', 'got a Parquet file; give its name the ending .parquet'],
    ['a tar archive', Buffer.concat([Buffer.alloc(257, 'a'), Buffer.from('ustar\0')]), 'got a tar archive'],
    ['R data', gzipSync('RDX3\nX\n'), 'got R data'],
  ])('names %s and what to do', async (_, content, message) => {
    const file = join(folderWith({ 'a.csv': content }), 'a.csv');
    await expect(openTable(file)).rejects.toThrow(`${file}: expected a CSV table, ${message}`);
  });
});
