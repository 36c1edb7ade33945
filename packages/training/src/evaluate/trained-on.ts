import type { Dataset, Split } from '@cxr-align/datasets';
import { crc32 } from 'node:zlib';
import { tableDifferences, tableIdentity } from '../identity/data-identity.js';
import { digestsOf } from '../identity/row-digests.js';
import { readIdentity } from '../identity/run-identity.js';
import type { LoadedData } from '../inputs/load-inputs.js';

/** What a person should know of scores on each split of a training's own data. */
export const optimisticSplits = {
  train: 'optimistic: the model was trained on this split; scores on it are too good',
  val: 'optimistic: this split chose the epoch, the calibration and the thresholds',
  test: undefined,
} as const satisfies Record<Split, string | undefined>;

/**
 * What a person should know of the data that a run is evaluated on: that they are not what the run was trained on, though they look like
 * it, or that images among them were trained on.
 *
 * @param table the data set as it was opened.
 * @param data the images that are evaluated.
 * @throws {InputError} if the run's identity is damaged.
 */
export function trainedOn(
  run: string,
  table: Dataset,
  { dataset, contentOf }: Pick<LoadedData, 'dataset' | 'contentOf'>,
): string[] {
  const then = readIdentity(run);
  if (!then) return [];
  const remarks: string[] = [];
  const { parts, contents } = then.data;
  if (table.name === then.data.name) {
    const differences = tableDifferences(then.data, tableIdentity(table), (row) => table.samples[row].id);
    if (differences.length > 0)
      remarks.push(
        `warning: the data are not those that the run was trained on: ${differences.join('; ')}; images that it was trained on may be among those that are evaluated`,
      );
  }
  // An image is known again by its patient and its content.
  const [patients, images, splits] = [digestsOf(parts.patients), digestsOf(contents), digestsOf(parts.splits)];
  const againFrom = (split: Split): Dataset['samples'] => {
    const known = new Set<string>();
    const wanted = crc32(split) || 1;
    for (let row = 0; row < images.length; row++)
      if (images[row] !== 0 && splits[row] === wanted) known.add(`${patients[row]}/${images[row]}`);
    return dataset.samples.filter(({ patient }, sample) => {
      const content = contentOf(sample);
      return content !== '' && known.has(`${crc32(patient) || 1}/${crc32(content) || 1}`);
    });
  };
  const all = dataset.samples.length;
  const optimistic = (split: 'train' | 'val', did: string, { end = '', as = split } = {}): string[] => {
    const again = againFrom(split);
    if (again.length === 0) return [];
    return [
      again.length === all
        ? optimisticSplits[as]
        : `optimistic: ${again.length} of the ${all} evaluated images ${did} (the first is ${again[0].id})${end}`,
    ];
  };
  const wereTrainedOn = (split: 'train' | 'val'): string[] =>
    optimistic(split, 'were trained on', { end: '; scores on them are too good', as: 'train' });
  // Earlier runs have no such key.
  const { validation = 'split' } = then.config as { validation?: string };
  return [
    ...remarks,
    ...wereTrainedOn('train'),
    ...(validation === 'folds' ? wereTrainedOn('val') : []),
    ...(validation === 'split' ? optimistic('val', 'chose the epoch, the calibration and the thresholds') : []),
  ];
}
