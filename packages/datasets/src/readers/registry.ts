import { InputError } from '@cxr-align/files';
import { braxReader } from './brax.js';
import { chexlocalizeReader } from './chexlocalize.js';
import { chexpertReader } from './chexpert.js';
import { chexpertPlusReader } from './chexpert-plus.js';
import { covidChestxrayReader } from './covid-chestxray.js';
import { cxrLtReader } from './cxr-lt.js';
import { imageParquetReader } from './image-parquet.js';
import { imageFolderReader, imagesReader } from './image-folder.js';
import { labelsTableReader } from './labels-table.js';
import { mappedReader } from './mapped.js';
import { medmnistReader } from './medmnist.js';
import { mimicReaderChexpert, mimicReaderNegbio } from './mimic.js';
import { nihReader } from './nih.js';
import { openiReader } from './openi.js';
import { padchestReader } from './padchest.js';
import type { DatasetReader } from './reader.js';
import { rsnaReader } from './rsna.js';
import { siimAcrReader } from './siim-acr.js';
import { tbx11kReader } from './tbx11k.js';
import { tuberculosisReader } from './tuberculosis.js';
import { vindrReader } from './vindr.js';

const readers: DatasetReader[] = [];

/**
 * Makes a layout known to `readDataset`. With the format `auto` the reader that was registered last is tried first, so
 * that a reader of your own goes before the built-in ones, which are registered in this way, too.
 *
 * @throws {TypeError} if it is no reader.
 * @throws {RangeError} if there is a reader of that format.
 */
export function registerReader(reader: DatasetReader): void {
  const where = 'datasets/registerReader';
  const { format, description, detect, read } = (reader ?? {}) as Partial<DatasetReader>;
  if (
    typeof format !== 'string' ||
    typeof description !== 'string' ||
    typeof detect !== 'function' ||
    typeof read !== 'function'
  )
    throw new TypeError(
      `${where}: expected a reader with format, description, detect and read, got ${JSON.stringify(Object.keys(reader ?? {}))}; see DatasetReader`,
    );
  if (!/^[a-z0-9][a-z0-9-]*$/.test(format) || format === 'auto')
    throw new RangeError(
      `${where}: expected a format of lower-case letters, digits and hyphens, but not auto, got ${JSON.stringify(format)}; rename it`,
    );
  if (readers.some((one) => one.format === format))
    throw new RangeError(`${where}: expected a format that is not known yet, got ${format}; choose another name`);
  readers.unshift(reader);
}

/** The formats that are known, in the order in which they are tried. */
export function datasetFormats(): string[] {
  return readers.map(({ format }) => format);
}

/** The readers, in the same order. */
export function registeredReaders(): readonly DatasetReader[] {
  return readers;
}

/** The reader of a format. @throws {InputError} if there is none. */
export function readerOf(format: string): DatasetReader {
  const reader = readers.find((one) => one.format === format);
  if (!reader)
    throw new InputError(
      `expected a format of auto, ${datasetFormats().join(', ')}, got ${format}; choose one of them`,
    );
  return reader;
}

// From the most general layout to the most specific one.
for (const reader of [
  imagesReader,
  imageFolderReader,
  tuberculosisReader,
  openiReader,
  medmnistReader,
  labelsTableReader,
  braxReader,
  siimAcrReader,
  tbx11kReader,
  chexpertPlusReader,
  chexlocalizeReader,
  covidChestxrayReader,
  padchestReader,
  rsnaReader,
  nihReader,
  chexpertReader,
  vindrReader,
  cxrLtReader,
  mimicReaderNegbio,
  mimicReaderChexpert,
  imageParquetReader,
  mappedReader,
])
  registerReader(reader);
