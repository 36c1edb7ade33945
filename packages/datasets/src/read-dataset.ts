import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { InputError, isUnfinished } from '@cxr-align/files';
import { selectSamples, type Dataset } from './dataset.js';
import type { BadRow } from './table/table.js';
import { describeOtherKind } from './table/file-kinds.js';
import type { DatasetReader, ReaderOptions } from './readers/reader.js';
import { readerOf, registeredReaders } from './readers/registry.js';
import { chooseImages, type ImageChoice } from './views.js';

/** How a data set is read. */
export interface ReadDatasetOptions extends ReaderOptions, ImageChoice {
  /** A reader's name, or `auto`. Default `auto`. */
  format?: string;
  /** The largest share of table rows that may be unusable; they are listed in the result. Default 0.01. */
  maxBad?: number;
}

/**
 * Reads a data set: its tables or archive, not its image files.
 *
 * @param path a folder, a table, a mapping or an archive.
 * @throws {InputError} if it is of no known layout, if its tables cannot be used, if too many rows are bad, or if the
 * folder of images is not there.
 */
export async function readDataset(path: string, options: ReadDatasetOptions = {}): Promise<Dataset> {
  const { format = 'auto', maxBad = 0.01, images, projection, onePerStudy } = options;
  if (!existsSync(path))
    throw new InputError(`expected a folder or a table, got ${path} (no such file); check the path`);
  if (isUnfinished(path))
    throw new InputError(
      'expected a whole data set, got one whose writing was stopped; write it again by the same command',
      { file: path },
    );
  if (images !== undefined && !existsSync(images))
    throw new InputError(`expected a folder of images, got ${images} (no such folder); check the path`);
  const { reader, reason } = await chooseReader(path, format, options);
  refuseColumns(reader, options);
  const data = await inPlace(path, () => reader.read(path, options));
  const dataset: Dataset = { ...data, format: reader.format, reason };
  const rows = dataset.samples.length + dataset.badRows.length;
  if (dataset.badRows.length > maxBad * rows) {
    throw new InputError(
      `${describeBadRows(dataset.badRows)}; correct the rows, or allow more bad rows (${dataset.badRows.length} of ${rows} rows are bad, maxBad is ${maxBad})`,
    );
  }
  return selectImages(dataset, { projection, onePerStudy });
}

/** @throws {InputError} if columns are named that the layout has itself, or for roles that are none. */
function refuseColumns({ format, columnRoles = [] }: DatasetReader, { columns = {} }: ReaderOptions): void {
  const roles = Object.keys(columns);
  if (roles.length === 0) return;
  if (columnRoles.length === 0)
    throw new InputError(
      `expected no named columns, got ${roles.join(', ')}: the layout ${format} has columns of its own; leave them out`,
    );
  const strange = roles.find((role) => !(columnRoles as readonly string[]).includes(role));
  if (strange !== undefined)
    throw new InputError(`expected columns for ${columnRoles.join(', ')}, got one for ${strange}; correct the role`);
}

/** Does what reads a data set: an error that names no file names the data set. */
async function inPlace<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof InputError) || error.place.file !== undefined || error.message.includes(path)) throw error;
    throw new InputError(error.message, { file: path });
  }
}

/** The images of a data set of one projection, or the first of each study; the others are counted as excluded. */
export function selectImages(dataset: Dataset, choice: ImageChoice): Dataset {
  if (choice.projection === undefined && !choice.onePerStudy) return dataset;
  const { places, excluded } = chooseImages(dataset.samples, choice);
  // The facts are of the whole table.
  const { tableFacts: _facts, ...rest } = selectSamples(dataset, places);
  return { ...rest, excluded: [...dataset.excluded, ...excluded] };
}

async function chooseReader(
  path: string,
  format: string,
  options: ReaderOptions,
): Promise<{ reader: DatasetReader; reason: string }> {
  if (format !== 'auto') {
    const reader = readerOf(format);
    const reason = await reader.detect(path, options);
    if (reason === undefined)
      throw new InputError(
        `expected a data set of the format ${format}, got ${path}, which has none of its files or columns: ${reader.description}; let the format be detected (auto)`,
      );
    return { reader, reason };
  }
  for (const reader of registeredReaders()) {
    if (reader.isExplicit) continue;
    const reason = await reader.detect(path, options);
    if (reason !== undefined) return { reader, reason };
  }
  const others = otherFiles(path);
  throw new InputError(
    `expected a data set, got ${path}, which has none of: ${registeredReaders()
      .map(({ description }) => description)
      .join(
        '; ',
      )}; ${others.length > 0 ? others.join('; ') : 'describe a table of another kind in a mapping (dataset.yaml), which draftMapping drafts'}`,
  );
}

/** What the files are that no reader takes: workbooks, archives, web pages. */
function otherFiles(path: string): string[] {
  const files = statSync(path).isDirectory()
    ? readdirSync(path, { withFileTypes: true })
        .filter(
          (entry) => entry.isFile() && /\.(xlsx?|ods|zip|csv|tsv|7z|rar|tar|t?gz|json|sav|rds|pdf)$/i.test(entry.name),
        )
        .map(({ name }) => join(path, name))
        .slice(0, 20)
    : [path];
  return files.flatMap((file) => describeOtherKind(file) ?? []);
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
