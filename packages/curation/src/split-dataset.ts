import { selectSamples, stratifySplits, type Dataset } from '@cxr-align/datasets';
import { InputError } from '@cxr-align/files';
import { refuseUnknownOptions } from '@cxr-align/training';

/** How a data set is split. */
export interface SplitDatasetOptions {
  dataset: Dataset;
  /** Share of validation, in [0, 1). Default 0.1. */
  val?: number;
  /** Share of test, in [0, 1). Default 0.2. Not used with `keepTest`. */
  test?: number;
  /** Keeps the test split as it is, and splits the rest into train and val. Default false. */
  keepTest?: boolean;
  /** Random seed. Default 0. */
  seed?: number;
}

/**
 * Splits a data set into train, val and test, whole patients, stratified over the labels.
 *
 * @throws {RangeError} for shares outside [0, 1), or of 1 and more together.
 * @throws {InputError} with `keepTest`, if there is no test split, or if a patient of it is in another one.
 * @throws {TypeError} for an unknown option.
 */
export function splitDataset(options: SplitDatasetOptions): Dataset {
  const where = 'curation/splitDataset';
  refuseUnknownOptions(where, options, ['dataset', 'val', 'test', 'keepTest', 'seed']);
  const { dataset, val = 0.1, test = 0.2, keepTest = false, seed = 0 } = options;
  for (const [name, share] of Object.entries({ val, test }))
    if (!(share >= 0 && share < 1)) throw new RangeError(`${where}: expected ${name} in [0, 1), got ${share}`);
  if (val + test >= 1)
    throw new RangeError(`${where}: expected val and test of less than 1 together, got ${val + test}`);
  return keepTest
    ? splitRest(dataset, val, seed)
    : stratifySplits(dataset, { shares: { train: 1 - val - test, val, test }, seed });
}

/** Splits what is not in the test split. */
function splitRest(dataset: Dataset, val: number, seed: number): Dataset {
  const rest = dataset.samples.flatMap((sample, row) => (sample.split === 'test' ? [] : [row]));
  if (rest.length === dataset.samples.length)
    throw new InputError('expected a test split that is to be kept, got none; split all of the data');
  const inTest = new Set(dataset.samples.flatMap(({ split, patient }) => (split === 'test' ? [patient] : [])));
  if (rest.some((row) => inTest.has(dataset.samples[row].patient)))
    throw new InputError(
      'expected no patient of the test split that is to be kept in another one, got some; split all of the data',
    );
  const drawn = stratifySplits(selectSamples(dataset, rest), { shares: { train: 1 - val, val, test: 0 }, seed });
  const splitOf = new Map(drawn.samples.map((sample) => [sample.id, sample.split]));
  return {
    ...dataset,
    samples: dataset.samples.map((sample) => ({ ...sample, split: splitOf.get(sample.id) ?? sample.split })),
  };
}
