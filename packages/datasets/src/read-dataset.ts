import { existsSync } from 'node:fs';
import { InputError } from '@cxr-align/files';
import type { BadRow, Dataset } from './dataset.js';
import { chexpertReader } from './readers/chexpert.js';
import { labelsTableReader } from './readers/labels-table.js';
import { medmnistReader } from './readers/medmnist.js';
import { nihReader } from './readers/nih.js';
import type { DatasetReader } from './readers/reader.js';

/** The readers, in the order in which `auto` asks them. */
const readers: readonly DatasetReader[] = [chexpertReader, nihReader, labelsTableReader, medmnistReader];

/** The names that `--format` takes beside `auto`. */
export const datasetFormats: readonly string[] = readers.map(({ format }) => format);

/** How a data set is read. */
export interface ReadDatasetOptions {
  /** A reader's name, or `auto`. Default `auto`. */
  format?: string;
  /** The largest share of table rows that may be unusable; they are listed in the result. Default 0.01. */
  maxBad?: number;
}

/**
 * Reads a data set: its table or archive, not its image files.
 *
 * @param path a folder, a table or an archive.
 * @throws {InputError} if it is of no known layout, if its table cannot be used, or if too many rows are bad.
 */
export function readDataset(path: string, { format = 'auto', maxBad = 0.01 }: ReadDatasetOptions = {}): Dataset {
  if (!existsSync(path)) throw new InputError(`expected a folder or a table, got ${path} (no such file); check --data`);
  const { reader, reason } = chooseReader(path, format);
  const dataset: Dataset = { ...reader.read(path), format: reader.format, reason };
  const rows = dataset.samples.length + dataset.badRows.length;
  if (dataset.badRows.length > maxBad * rows) {
    throw new InputError(
      `${describeBadRows(dataset.badRows)}; mend the rows, or allow more with --max-bad (${dataset.badRows.length} of ${rows} rows are bad)`,
    );
  }
  return dataset;
}

function chooseReader(path: string, format: string): { reader: DatasetReader; reason: string } {
  if (format !== 'auto') {
    const reader = readers.find((one) => one.format === format);
    if (!reader) throw new InputError(`expected a format of auto, ${datasetFormats.join(', ')}, got ${format}`);
    const reason = reader.recognize(path);
    if (reason === undefined)
      throw new InputError(
        `expected a data set of the format ${format}, got ${path}, which has not its files or columns`,
      );
    return { reader, reason };
  }
  for (const reader of readers) {
    const reason = reader.recognize(path);
    if (reason !== undefined) return { reader, reason };
  }
  throw new InputError(
    `expected a data set, got ${path}, which has none of: train.csv in CheXpert's columns, Data_Entry_2017*.csv, labels.csv with a column "image", one .npz archive`,
  );
}

/** The first bad rows in words, a line each. */
export function describeBadRows(rows: readonly BadRow[], most = 5): string {
  const lines = rows
    .slice(0, most)
    .map(
      ({ file, row, column, expected, got }) =>
        `${file}, row ${row}${column ? `, column ${column}` : ''}: expected ${expected}, got ${got}`,
    );
  if (rows.length > most) lines.push(`… and ${rows.length - most} more`);
  return lines.join('\n');
}
