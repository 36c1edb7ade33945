import {
  compareHeaders,
  headerLines,
  readDataset,
  selectImages,
  selectSamples,
  withHeaderFields,
  type Dataset,
  type HeaderComparison,
  type ImageHeader,
  type ReadDatasetOptions,
  type Sample,
} from '@cxr-align/datasets';
import type { Progress } from '../../progress.js';
import { readHeaders } from './dicom-headers.js';

/** What is made of the DICOM headers of a data set. */
export interface HeaderOptions {
  /** Takes patient, sex, age and view from DICOM headers where the table has none. Default false. */
  dicomFields?: boolean;
  /** Accepts DICOM images of another Modality or Body Part Examined than a chest film's, with a remark. Default false. */
  anyModality?: boolean;
}

/** An image that is no chest film, which counts as one that cannot be read. */
export interface RefusedImage extends Pick<Sample, 'id' | 'split'> {
  reason: string;
}

/** A data set whose DICOM headers were read. */
export interface CheckedHeaders {
  /** Without the refused images; with what was taken from headers. */
  dataset: Dataset;
  refused: RefusedImage[];
  /** Null where no image has a DICOM header. */
  comparison: HeaderComparison | null;
  remarks: string[];
}

/** Reads a data set and the headers of its DICOM images, by whose views images are chosen where they are requested. */
export async function readWithHeaders(
  path: string,
  { dicomFields, anyModality, ...reading }: ReadDatasetOptions & HeaderOptions,
  progress: Progress,
): Promise<CheckedHeaders> {
  if (!dicomFields) return checkHeaders(await readDataset(path, reading), { anyModality }, progress);
  const { projection, onePerStudy, ...table } = reading;
  const found = await checkHeaders(await readDataset(path, table), { dicomFields, anyModality }, progress);
  return { ...found, dataset: selectImages(found.dataset, { projection, onePerStudy }) };
}

/** Reads the DICOM headers of a data set and compares them with its table. */
export async function checkHeaders(
  dataset: Dataset,
  { dicomFields = false, anyModality = false }: HeaderOptions,
  progress: Progress,
): Promise<CheckedHeaders> {
  const headers = await readHeaders(dataset.samples, progress);
  const comparison = compareHeaders(dataset, headers);
  if (!comparison)
    return {
      dataset,
      refused: [],
      comparison,
      remarks: dicomFields ? ['no image has a DICOM header: nothing was taken from headers'] : [],
    };
  const refused = anyModality ? [] : refusedImages(dataset.samples, headers);
  const filled = dicomFields ? withHeaderFields(dataset, headers) : dataset;
  const kept = filled.samples.flatMap((_, at) => (anyModality || headers[at]?.refusal === undefined ? [at] : []));
  return {
    dataset: refused.length === 0 ? filled : selectSamples(filled, kept),
    refused,
    comparison,
    remarks: headerLines(comparison, { isUsed: dicomFields }),
  };
}

function refusedImages(samples: Dataset['samples'], headers: readonly (ImageHeader | undefined)[]): RefusedImage[] {
  return samples.flatMap(({ id, split }, at) => {
    const refusal = headers[at]?.refusal;
    return refusal === undefined
      ? []
      : [{ id, split, reason: `${id}: ${refusal}; leave it out, or correct its header, or accept all (anyModality)` }];
  });
}
