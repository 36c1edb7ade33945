import { existsSync, readFileSync } from 'node:fs';
import { drawFolds, selectSamples, type Dataset } from '@cxr-align/datasets';
import { InputError, writeFileAtomic } from '@cxr-align/files';
import { foldsFile, type OpenedDataset } from '@cxr-align/training';

/** Which image is in which fold, once or several times. */
export interface FoldPlan {
  folds: number;
  repeats: number;
  /** Random seed of the first division; each repeat has the next one. */
  seed: number;
  /** For each repeat the fold of each sample, from 0 on; −1 for those of the test split, which stay apart. */
  foldOf: Int32Array[];
  /** Labels with few patients. */
  remarks: string[];
}

/** One fold of a plan, both counted from 1. */
export interface FoldPlace {
  repeat: number;
  fold: number;
}

/** A fold for a process that opens the data itself. */
export interface FoldOfRun extends FoldPlace {
  /** `folds.json`. */
  file: string;
}

/** Divides the images of the training and validation splits of a data set into folds, as often as there are repeats. */
export function planFolds(
  { dataset }: OpenedDataset,
  { folds, repeats, seed }: Pick<FoldPlan, 'folds' | 'repeats' | 'seed'>,
): FoldPlan {
  const drawn = Array.from({ length: repeats }, (_, i) => drawFolds(dataset, { folds, seed: (seed + i) % 2 ** 32 }));
  return {
    folds,
    repeats,
    seed,
    foldOf: drawn.map(({ foldOf }) => foldOf),
    remarks: [...new Set(drawn.flatMap(({ remarks }) => remarks))],
  };
}

/** All folds of all repeats. */
export function placesOf({ folds, repeats }: Pick<FoldPlan, 'folds' | 'repeats'>): FoldPlace[] {
  return Array.from({ length: folds * repeats }, (_, i) => ({
    repeat: 1 + Math.floor(i / folds),
    fold: 1 + (i % folds),
  }));
}

/** The run folder of a fold, in the folder of the cross-validation. */
export function foldFolder({ repeat, fold }: FoldPlace): string {
  return `repeat-${repeat}/fold-${fold}`;
}

/**
 * Writes `folds.json`: a row for each image, its name and its fold in each repeat (0 = in none).
 *
 * @throws {InputError} if the folder has other folds.
 */
export function writeFoldPlan(out: string, plan: FoldPlan, { samples }: Pick<Dataset, 'samples'>): void {
  const { folds, repeats, seed, foldOf } = plan;
  const rows = samples.map(({ id }, row) => `    ${JSON.stringify([id, ...foldOf.map((of) => of[row] + 1)])}`);
  const text = `{\n  "formatVersion": 1,\n  "folds": ${folds},\n  "repeats": ${repeats},\n  "seed": ${seed},\n  "images": [\n${rows.join(',\n')}\n  ]\n}\n`;
  const file = foldsFile(out);
  if (!existsSync(file)) writeFileAtomic(file, text);
  else if (readFileSync(file, 'utf8') !== text)
    throw new InputError(
      `expected the folds of this cross-validation (${folds} folds, ${repeats} repeats, seed ${seed}), got others; use another folder`,
      { file },
    );
}

/** A data set as a fold is trained: its images are the test split, those of the other folds the training split. */
export function foldDataset(dataset: Dataset, foldOf: ArrayLike<number>, fold: number): Dataset {
  const rows = labelledRows(foldOf);
  const { samples, ...rest } = selectSamples(dataset, rows);
  return {
    ...rest,
    samples: samples.map((sample, i) => ({ ...sample, split: foldOf[rows[i]] === fold - 1 ? 'test' : 'train' })),
    hasOwnSplits: true,
  };
}

/** The samples that are in a fold. */
export function labelledRows(foldOf: ArrayLike<number>): number[] {
  return Array.from(foldOf).flatMap((fold, row) => (fold < 0 ? [] : [row]));
}

/** The fold of each sample as `folds.json` has it. */
export function readFoldsOf(file: string, repeat: number): Int32Array {
  const { images } = JSON.parse(readFileSync(file, 'utf8')) as { images: [string, ...number[]][] };
  return Int32Array.from(images, (row) => (row[repeat] as number) - 1);
}
