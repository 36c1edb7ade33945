import type { EngineName } from '@cxr-align/engine';
import type { Config, OpenedDataset, RunControl } from '@cxr-align/training';

/** What every function takes that trains several runs, a process each. */
export interface SeriesOptions extends RunControl {
  data: OpenedDataset;
  /** Folder of the run folders, and of what comes of all of them. */
  out: string;
  /** Feature store of all runs; each makes its own unless given. */
  features?: string;
  /** Engine of the training processes. Default `auto`. */
  engine?: EngineName | 'auto';
  /** Runs at a time, a process each. Default one a processor. */
  jobs?: number;
  /** Called five times a second; returns whether the trainings that run write a checkpoint now, and continue. */
  checkpointWhen?: () => boolean;
}

/** The same with how each run of one configuration is trained. */
export interface ConfiguredSeriesOptions extends SeriesOptions {
  /** The configuration of all runs, but for what differs between them. */
  config: Config;
  encoder?: string;
  trainCount?: number;
  trainFraction?: number;
  /** Random seed of missing splits; that of the configuration unless given. */
  splitSeed?: number;
  /** Run whose weights all start from. */
  from?: string;
}

/** The names of {@link SeriesOptions}. */
export const seriesOptions: readonly (keyof SeriesOptions)[] = [
  'data',
  'out',
  'features',
  'engine',
  'jobs',
  'checkpointWhen',
  'on',
  'signal',
  'stallSeconds',
];

/** The names of {@link ConfiguredSeriesOptions}. */
export const configuredSeriesOptions: readonly (keyof ConfiguredSeriesOptions)[] = [
  ...seriesOptions,
  'config',
  'encoder',
  'trainCount',
  'trainFraction',
  'splitSeed',
  'from',
];
