import { closeSync, openSync, readSync } from 'node:fs';
import { basename } from 'node:path';

/** How a file that is no table begins, what it is called, and what to do with it. */
interface FileKind {
  is: (start: Buffer, text: string) => boolean;
  what: string;
  hint: string;
}

const startsWith =
  (...bytes: number[]) =>
  (start: Buffer): boolean =>
    bytes.every((byte, i) => start[i] === byte);
const startsWithText =
  (...words: string[]) =>
  (_: Buffer, text: string): boolean =>
    words.some((word) => text.startsWith(word));

const exportHint = 'open it in a spreadsheet and save the sheet as "CSV UTF-8"';

/** In this order; the first that fits is named. */
const kinds: readonly FileKind[] = [
  {
    is: (start) => startsWith(0x50, 0x4b, 3, 4)(start) && start.includes('[Content_Types].xml'),
    what: 'an Excel workbook (.xlsx)',
    hint: exportHint,
  },
  {
    is: (start) => startsWith(0x50, 0x4b, 3, 4)(start) && start.includes('mimetypeapplication/vnd.oasis'),
    what: 'an OpenDocument spreadsheet (.ods)',
    hint: exportHint,
  },
  { is: startsWith(0x50, 0x4b, 3, 4), what: 'a ZIP archive', hint: 'unpack it (unzip)' },
  { is: startsWith(0xd0, 0xcf, 0x11, 0xe0), what: 'an Excel 97 workbook (.xls)', hint: exportHint },
  {
    is: (_, text) => /^<(!doctype html|html|head|body|table|meta)/.test(text) && text.includes('<table'),
    what: 'an HTML page with a table, as some systems save under .xls',
    hint: exportHint,
  },
  {
    is: startsWithText('<!doctype html', '<html', '<head', '<body', '<meta'),
    what: 'a web page, often the login page that was saved in place of the file',
    hint: 'sign in and download the file again',
  },
  { is: startsWithText('<?xml'), what: 'an XML file', hint: 'export the table as CSV' },
  {
    is: startsWithText('version https://git-lfs'),
    what: 'a Git LFS pointer, not the file itself',
    hint: 'fetch it: git lfs pull',
  },
  {
    is: (_, text) => /^(\{\s*"|\[\s*[{[])/.test(text),
    what: 'JSON',
    hint: 'name a table of images metadata.jsonl (a line a row, with file_name), or export it as CSV',
  },
  { is: startsWith(0x50, 0x41, 0x52, 0x31), what: 'a Parquet file', hint: 'give its name the ending .parquet' },
  { is: startsWithText('%pdf'), what: 'a PDF document', hint: 'export the table as CSV' },
  { is: startsWith(0x42, 0x5a, 0x68), what: 'a bzip2 archive', hint: 'unpack it (bunzip2)' },
  { is: startsWith(0xfd, 0x37, 0x7a, 0x58, 0x5a), what: 'an xz archive', hint: 'unpack it (unxz)' },
  { is: startsWith(0x28, 0xb5, 0x2f, 0xfd), what: 'a zstd archive', hint: 'unpack it (unzstd)' },
  { is: startsWith(0x37, 0x7a, 0xbc, 0xaf), what: 'a 7z archive', hint: 'unpack it (7z x)' },
  { is: startsWith(0x52, 0x61, 0x72, 0x21), what: 'a RAR archive', hint: 'unpack it (unrar x)' },
  {
    is: (start) => start.subarray(257, 262).toString('latin1') === 'ustar',
    what: 'a tar archive',
    hint: 'unpack it (tar -xf)',
  },
  { is: startsWithText('sqlite format 3'), what: 'an SQLite database', hint: 'export the table as CSV' },
  { is: startsWithText('rdx2', 'rdx3', 'rda2', 'rda3'), what: 'R data', hint: 'write the table with write.csv' },
  { is: startsWithText('$fl2', '$fl3'), what: 'an SPSS file', hint: 'export the table as CSV' },
  { is: startsWith(0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59), what: 'a NumPy array', hint: 'export the table as CSV' },
  { is: startsWith(0x89, 0x48, 0x44, 0x46), what: 'an HDF5 file', hint: 'export the table as CSV' },
  { is: startsWith(0x89, 0x50, 0x4e, 0x47), what: 'a PNG image', hint: 'pass the table or the folder' },
  { is: startsWith(0xff, 0xd8, 0xff), what: 'a JPEG image', hint: 'pass the table or the folder' },
];

/** What a file is that is no table, and what to do with it, by its first bytes; undefined where it may be one. */
export function otherKind(start: Uint8Array): { what: string; hint: string } | undefined {
  const bytes = Buffer.from(start.buffer, start.byteOffset, Math.min(start.length, 1024));
  const text = bytes.toString('latin1').replace(/^ï»¿/, '').trimStart().toLowerCase();
  return kinds.find(({ is }) => is(bytes, text));
}

/** The same for a file, in words: `labels.xlsx is an Excel workbook (.xlsx): open it …`. */
export function describeOtherKind(file: string): string | undefined {
  const start = Buffer.alloc(1024);
  const descriptor = openSync(file, 'r');
  try {
    const kind = otherKind(start.subarray(0, readSync(descriptor, start)));
    return kind && `${basename(file)} is ${kind.what}: ${kind.hint}`;
  } finally {
    closeSync(descriptor);
  }
}
