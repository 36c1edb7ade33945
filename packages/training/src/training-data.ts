import { readJson } from '@cxr-align/files';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Dataset, Split } from '@cxr-align/datasets';
import { checkIfNamed } from './run-folder.js';

/** What a model was trained on, as `RUN/config.json` has it. */
export interface TrainingData {
  name: string;
  format: string;
  labels: readonly string[];
  images: Record<Split, number>;
  patients: Record<Split, number>;
  /** By split how many images have each trained label and how many lack it, after the label policy; absent in earlier runs. */
  labelCounts?: Record<Split, Record<string, { positives: number; negatives: number }>>;
  /** Images of the tables that are no samples, and why. */
  excluded?: Dataset['excluded'];
  badRows?: number;
  unreadableImages?: number;
}

/** The facts of a data set. */
export function trainingData({ name, format, annotations: { labels }, samples, excluded }: Dataset): TrainingData {
  const of = (split: Split) => samples.filter((sample) => sample.split === split);
  const counts = (count: (split: Split) => number): Record<Split, number> => ({
    train: count('train'),
    val: count('val'),
    test: count('test'),
  });
  return {
    name,
    format,
    labels,
    images: counts((split) => of(split).length),
    patients: counts((split) => new Set(of(split).map(({ patient }) => patient)).size),
    excluded,
  };
}

/** How many images of each split have each label, and how many lack it. @param truth [samples, labels] row by row: 1, 0, NaN. */
export function labelCounts(
  { samples }: Pick<Dataset, 'samples'>,
  labels: readonly string[],
  truth: Float32Array,
): NonNullable<TrainingData['labelCounts']> {
  const of = (): Record<string, { positives: number; negatives: number }> =>
    Object.fromEntries(labels.map((label) => [label, { positives: 0, negatives: 0 }]));
  const counts = { train: of(), val: of(), test: of() };
  for (const [row, { split }] of samples.entries())
    for (const [i, label] of labels.entries()) {
      const value = truth[row * labels.length + i];
      if (value === 1) counts[split][label].positives++;
      else if (value === 0) counts[split][label].negatives++;
    }
  return counts;
}

/** What a run was trained on; null where only its model lies there, or the run is of before patients were counted. */
export function readTrainingData(run: string): TrainingData | null {
  const file = join(run, 'config.json');
  if (!existsSync(file)) return null;
  checkIfNamed(run, 'config.json');
  const { data } = readJson(file) as { data?: Partial<TrainingData> };
  return data?.patients ? (data as TrainingData) : null;
}
