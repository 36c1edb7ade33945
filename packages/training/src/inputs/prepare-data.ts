import { InputError } from '@cxr-align/files';
import {
  describeBadRows,
  drawSplit,
  limitTraining,
  overlappingPatients,
  type Dataset,
  type ReadDatasetOptions,
  type Split,
} from '@cxr-align/datasets';
import { readWithHeaders, type HeaderOptions, type RefusedImage } from './checks/check-headers.js';
import { progressOf, type RunControl } from '../events.js';
import { refuseUnknownOptions } from '../known-options.js';
import type { Progress } from '../progress.js';

/** How a data set is opened. */
export interface OpenOptions extends ReadDatasetOptions, HeaderOptions {
  /** Accepts that a patient is in two splits, with a remark. Default false. */
  allowPatientOverlap?: boolean;
}

/** A data set that has been opened: its table and the headers of DICOM images are read, pixels are not. */
export interface OpenedDataset {
  path: string;
  /** How it was opened. */
  options: OpenOptions;
  dataset: Dataset;
  /** What a person should know: how the table was read, what was left out. */
  remarks: readonly string[];
  /** Images that are no chest films by their DICOM headers: they are no samples, and count as unreadable. */
  refused?: readonly RefusedImage[];
}

const openOptionNames: readonly (keyof OpenOptions)[] = [
  'format',
  'images',
  'columns',
  'projection',
  'onePerStudy',
  'maxBad',
  'allowPatientOverlap',
  'dicomFields',
  'anyModality',
];

/**
 * Opens a data set: reads its table and the headers of its DICOM images, and checks that no patient is in two splits.
 *
 * @param path a folder, a table or an archive in one of the known layouts.
 * @param control shows how far the reading of headers is.
 * @throws {InputError} if it cannot be read, naming file, row and column, or if a patient is in two splits.
 *
 * @example
 * const data = await openDataset('data/phantom');
 * console.log(data.dataset.labels, data.dataset.samples.length);
 */
export async function openDataset(
  path: string,
  options: OpenOptions = {},
  control: RunControl = {},
): Promise<OpenedDataset> {
  refuseUnknownOptions('training/openDataset', options, openOptionNames);
  const { allowPatientOverlap = false, ...reading } = options;
  const headers = await readWithHeaders(path, reading, progressOf(control));
  const { dataset, refused } = headers;
  const remarks = [
    `${dataset.name}: ${dataset.samples.length} images, ${dataset.annotations.labels.length} labels, read as ${dataset.format} (${dataset.reason})`,
  ];
  if (dataset.badRows.length > 0)
    remarks.push(`excluded ${dataset.badRows.length} bad rows:\n${describeBadRows(dataset.badRows)}`);
  remarks.push(...excludedLines(dataset), ...dataset.remarks, ...headers.remarks);
  const overlap = overlappingPatients(dataset);
  if (overlap.size > 0) {
    const [[patient, splits]] = overlap;
    const message = `${overlap.size} patients are in more than one split (${patient} is in ${splits.join(' and ')})`;
    if (!allowPatientOverlap)
      throw new InputError(
        `expected each patient in one split, got that ${message}; correct the table, or allow the overlap (allowPatientOverlap)`,
      );
    remarks.push(`warning: ${message}; scores on them are too good`);
  }
  return { path, options, dataset, remarks, ...(refused.length > 0 && { refused }) };
}

/** Which images of a data set are no samples, a line for each reason. */
export function excludedLines({ excluded }: Pick<Dataset, 'excluded'>): string[] {
  return excluded.map(({ reason, images }) => `excluded ${images} images: ${reason}`);
}

/** Which images are trained on. */
export interface TrainingSetOptions {
  /** Trains on so many images, whole patients. */
  trainCount?: number;
  /** Trains on this share of the images in (0, 1], whole patients. */
  trainFraction?: number;
  /** Random seed of the choice. */
  seed: number;
  /** Random seed of the splits that are missing; `seed` unless given, so that runs of several seeds can share them. */
  splitSeed?: number;
  /** Whether a validation split that is missing is drawn. Default true. */
  drawsValidation?: boolean;
}

/** Prepares a data set for training: splits that are missing are drawn by patient, and the training set is limited. */
export function trainingDataset(
  opened: OpenedDataset,
  { trainCount: count, trainFraction: fraction, seed, splitSeed = seed, drawsValidation = true }: TrainingSetOptions,
): OpenedDataset {
  let { dataset } = opened;
  const remarks = [...opened.remarks];
  const has = (split: Split): boolean => dataset.samples.some((sample) => sample.split === split);
  if (dataset.annotations.labels.length === 0)
    throw new InputError(
      `expected labels to train on, got images without labels (read as ${dataset.format}); add a table of labels`,
      { file: opened.path },
    );
  if (!has('train'))
    throw new InputError(
      `expected images to train on, got ${dataset.samples.length === 0 ? 'a table without rows' : 'none in the split train'}`,
      { file: opened.path },
    );
  if (!has('val')) {
    if (!has('test') && !dataset.hasOwnSplits) dataset = drawSplit(dataset, 'test', 0.2, splitSeed);
    if (drawsValidation) {
      dataset = drawSplit(dataset, 'val', 0.15, splitSeed);
      remarks.push('no validation split in the data: patients were drawn for it');
    }
  }
  const before = dataset.samples.length;
  dataset = limitTraining(dataset, { count, fraction, seed });
  if (dataset.samples.length < before)
    remarks.push(
      `training set limited to ${dataset.samples.filter(({ split }) => split === 'train').length} images, whole patients`,
    );
  return { ...opened, dataset, remarks };
}

/** The places of the samples of a split. */
export function samplesIn(dataset: Dataset, split: Split): number[] {
  return dataset.samples.flatMap((sample, i) => (sample.split === split ? [i] : []));
}

/** The wanted split; else test; else val, with a remark. */
export function chooseSplit(
  wanted: string | undefined,
  { dataset: { samples }, path }: OpenedDataset,
  progress: Progress,
): Split {
  const splits = samples.map(({ split }) => split);
  const has = (split: string): boolean => splits.includes(split as Split);
  if (wanted !== undefined) {
    if (!has(wanted))
      throw new InputError(
        `expected a split of ${[...new Set(splits)].join(', ') || 'no rows at all'}, got ${wanted}; choose one of them`,
        { file: path },
      );
    return wanted as Split;
  }
  if (has('test')) return 'test';
  if (!has('val'))
    throw new InputError(
      'expected a test or a validation split, got neither; choose the split train to evaluate on training images',
      { file: path },
    );
  progress.remark('no test split in the data: evaluated on val');
  return 'val';
}
