import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { InputError } from '@cxr-align/files';
import type { Table } from './table.js';

/**
 * Opens JSON lines as a table of texts: the header is every key of any line, in order of appearance; null and a missing
 * key are blanks, true is 1, false is 0.
 *
 * @throws {InputError} if a line is no object.
 */
export async function openJsonLines(file: string): Promise<Pick<Table, 'header' | 'each'>> {
  const keys = new Set<string>();
  await eachObject(file, (row) => Object.keys(row).forEach((key) => keys.add(key)));
  const header = [...keys];
  if (header.length === 0) throw new InputError('expected JSON lines, got an empty file; export it again', { file });
  return {
    header,
    each: (onRow) =>
      eachObject(file, (row, line) =>
        onRow(
          header.map((key) => (Object.hasOwn(row, key) ? cellText(row[key]) : '')),
          line,
        ),
      ),
  };
}

async function eachObject(file: string, onObject: (row: Record<string, unknown>, line: number) => void): Promise<void> {
  const stream = createReadStream(file, 'utf8');
  let line = 0;
  try {
    for await (const text of createInterface({ input: stream, crlfDelay: Infinity })) {
      line++;
      if (text.trim() === '') continue;
      let row: unknown;
      try {
        row = JSON.parse(line === 1 ? text.replace(/^\uFEFF/, '') : text);
      } catch {
        row = undefined;
      }
      if (typeof row !== 'object' || row === null || Array.isArray(row))
        throw new InputError('expected a JSON object in each line, got something else; write the lines again', {
          file,
          row: line,
        });
      onObject(row as Record<string, unknown>, line);
    }
  } catch (error) {
    if (error instanceof InputError) throw error;
    throw new InputError(`expected a table, got ${(error as NodeJS.ErrnoException).code}; check the path`, { file });
  } finally {
    stream.destroy();
  }
}

function cellText(value: unknown): string {
  if (value === null) return '';
  if (typeof value === 'boolean') return value ? '1' : '0';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
