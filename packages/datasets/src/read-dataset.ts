import { existsSync } from 'node:fs';
import { InputError } from '@cxr-align/files';
import { selectSamples, type BadRow, type Dataset } from './dataset.js';
import { chexpertReader } from './readers/chexpert.js';
import { covidChestxrayReader } from './readers/covid-chestxray.js';
import { cxrLtReader } from './readers/cxr-lt.js';
import { labelsTableReader } from './readers/labels-table.js';
import { mappedReader } from './readers/mapped.js';
import { medmnistReader } from './readers/medmnist.js';
import { mimicReaderChexpert, mimicReaderNegbio } from './readers/mimic.js';
import { nihReader } from './readers/nih.js';
import { openiReader } from './readers/openi.js';
import { padchestReader } from './readers/padchest.js';
import type { DatasetReader, ReaderOptions } from './readers/reader.js';
import { rsnaReader } from './readers/rsna.js';
import { vindrReader } from './readers/vindr.js';
import { chooseImages, type ImageChoice } from './views.js';

/** The readers, in the order in which `auto` asks them. */
const readers: readonly DatasetReader[] = [
  mappedReader,
  mimicReaderChexpert,
  mimicReaderNegbio,
  cxrLtReader,
  vindrReader,
  chexpertReader,
  nihReader,
  rsnaReader,
  padchestReader,
  covidChestxrayReader,
  labelsTableReader,
  medmnistReader,
  openiReader,
];

/** The names that `--format` takes beside `auto`. */
export const datasetFormats: readonly string[] = readers.map(({ format }) => format);

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
  if (!existsSync(path)) throw new InputError(`expected a folder or a table, got ${path} (no such file); check --data`);
  if (images !== undefined && !existsSync(images))
    throw new InputError(`expected a folder of images, got ${images} (no such folder); check --images`);
  const { reader, reason } = await chooseReader(path, format);
  const dataset: Dataset = { ...(await reader.read(path, { images })), format: reader.format, reason };
  const rows = dataset.samples.length + dataset.badRows.length;
  if (dataset.badRows.length > maxBad * rows) {
    throw new InputError(
      `${describeBadRows(dataset.badRows)}; mend the rows, or allow more with --max-bad (${dataset.badRows.length} of ${rows} rows are bad)`,
    );
  }
  return chosen(dataset, { projection, onePerStudy });
}

function chosen(dataset: Dataset, choice: ImageChoice): Dataset {
  if (choice.projection === undefined && !choice.onePerStudy) return dataset;
  const { places, leftOut } = chooseImages(dataset.samples, choice);
  // The facts are of the whole table.
  const { tableFacts: _facts, ...rest } = selectSamples(dataset, places);
  return { ...rest, leftOut: [...dataset.leftOut, ...leftOut] };
}

async function chooseReader(path: string, format: string): Promise<{ reader: DatasetReader; reason: string }> {
  if (format !== 'auto') {
    const reader = readers.find((one) => one.format === format);
    if (!reader) throw new InputError(`expected a format of auto, ${datasetFormats.join(', ')}, got ${format}`);
    const reason = await reader.recognize(path);
    if (reason === undefined)
      throw new InputError(
        `expected a data set of the format ${format}, got ${path}, which has not its files or columns: ${reader.looksFor}`,
      );
    return { reader, reason };
  }
  for (const reader of readers) {
    const reason = await reader.recognize(path);
    if (reason !== undefined) return { reader, reason };
  }
  throw new InputError(
    `expected a data set, got ${path}, which has none of: ${readers.map(({ looksFor }) => looksFor).join('; ')}. For a table of another kind, cxr-align data init drafts a mapping`,
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
