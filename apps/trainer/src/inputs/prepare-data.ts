import { InputError } from '@cxr-align/files';
import {
  describeBadRows,
  drawSplit,
  limitTraining,
  overlappingPatients,
  readDataset,
  type Dataset,
  type ReadDatasetOptions,
  type Split,
} from '@cxr-align/datasets';
import type { Progress } from '../progress.js';

/** How a data set is brought in. */
export interface DataOptions extends ReadDatasetOptions {
  path: string;
  allowPatientOverlap?: boolean;
}

/** Reads the table, checks that no patient is in two splits, and draws the splits that are missing. */
export async function openDataset({ path, allowPatientOverlap, ...options }: DataOptions): Promise<{
  dataset: Dataset;
  remarks: string[];
}> {
  const dataset = await readDataset(path, options);
  const remarks = [
    `${dataset.name}: ${dataset.samples.length} images, ${dataset.labels.length} labels, read as ${dataset.format} (${dataset.reason})`,
  ];
  if (dataset.badRows.length > 0)
    remarks.push(`left out ${dataset.badRows.length} bad rows:\n${describeBadRows(dataset.badRows)}`);
  remarks.push(...leftOutLines(dataset));
  const overlap = overlappingPatients(dataset);
  if (overlap.size > 0) {
    const [[patient, splits]] = overlap;
    const message = `${overlap.size} patients are in more than one split (${patient} is in ${splits.join(' and ')})`;
    if (!allowPatientOverlap)
      throw new InputError(
        `expected each patient in one split, got that ${message}; mend the table, or say --allow-patient-overlap`,
      );
    remarks.push(`warning: ${message}; scores on them are too good`);
  }
  return { dataset, remarks };
}

/** Which images of a data set are no samples, a line for each reason. */
export function leftOutLines({ leftOut }: Pick<Dataset, 'leftOut'>): string[] {
  return leftOut.map(({ reason, images }) => `left out ${images} images: ${reason}`);
}

/** What is trained on. */
export interface TrainingSetOptions {
  trainCount?: number;
  trainFraction?: number;
  seed: number;
  /** Draws the splits that are missing; `seed` unless given, so that runs of several seeds can share them. */
  splitSeed?: number;
}

/** Prepares a data set for training: splits that are missing are drawn by patient, and the training set is limited. */
export async function trainingDataset(options: DataOptions & TrainingSetOptions): Promise<{
  dataset: Dataset;
  remarks: string[];
}> {
  const { trainCount: count, trainFraction: fraction, seed, splitSeed = seed } = options;
  const { dataset: read, remarks } = await openDataset(options);
  let dataset = read;
  const has = (split: Split): boolean => dataset.samples.some((sample) => sample.split === split);
  if (!has('train'))
    throw new InputError(
      `expected images to train on, got ${dataset.samples.length === 0 ? 'a table without rows' : 'none in the split train'}`,
      { file: options.path },
    );
  if (!has('val')) {
    if (!has('test') && !dataset.hasOwnSplits) dataset = drawSplit(dataset, 'test', 0.2, splitSeed);
    dataset = drawSplit(dataset, 'val', 0.15, splitSeed);
    remarks.push('no validation split in the data: patients were drawn for it');
  }
  const before = dataset.samples.length;
  dataset = limitTraining(dataset, { count, fraction, seed });
  if (dataset.samples.length < before)
    remarks.push(
      `training set limited to ${dataset.samples.filter(({ split }) => split === 'train').length} images, whole patients`,
    );
  return { dataset, remarks };
}

/** The places of the samples of a split. */
export function samplesIn(dataset: Dataset, split: Split): number[] {
  return dataset.samples.flatMap((sample, i) => (sample.split === split ? [i] : []));
}

/** The split that was asked for; else test; else, said aloud, val. */
export function chooseSplit(asked: string | undefined, { samples }: Dataset, progress: Progress, path: string): Split {
  const splits = samples.map(({ split }) => split);
  const has = (split: string): boolean => splits.includes(split as Split);
  if (asked !== undefined) {
    if (!has(asked))
      throw new InputError(
        `expected a split of ${[...new Set(splits)].join(', ') || 'no rows at all'}, got ${asked}; change --split`,
        { file: path },
      );
    return asked as Split;
  }
  if (has('test')) return 'test';
  if (!has('val'))
    throw new InputError(
      'expected a test or a validation split, got neither; say --split train to evaluate on training images',
      { file: path },
    );
  progress.say('no test split in the data: evaluated on val');
  return 'val';
}
