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

/** What a run was trained on; null where only its model lies there, or the run is of before patients were counted. */
export function readTrainingData(run: string): TrainingData | null {
  const file = join(run, 'config.json');
  if (!existsSync(file)) return null;
  checkIfNamed(run, 'config.json');
  const { data } = readJson(file) as { data?: Partial<TrainingData> };
  return data?.patients ? (data as TrainingData) : null;
}
