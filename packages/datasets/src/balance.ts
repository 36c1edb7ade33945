import { RandomStream } from '@cxr-align/random';
import { selectSamples, type Dataset, type Sample } from './dataset.js';

/** How a data set is balanced. */
export interface BalanceOptions {
  /** The label whose share is made the same in all groups. */
  label: string;
  /** The group of a sample; samples without one are excluded. */
  groupOf: (sample: Sample) => string | undefined;
  /** Share of images with the label in every group, in (0, 1); that of all images unless given. */
  prevalence?: number;
  /** As many images in every group, too. Default false. */
  sameSize?: boolean;
  seed: number;
}

/** What a group had and has. */
export interface BalancedGroup {
  group: string;
  before: { positives: number; negatives: number };
  after: { positives: number; negatives: number };
}

/**
 * Excludes images at random until a label is as frequent in one group as in the others, so that the group carries
 * no information on the label: a model that has learnt the group as a shortcut gains nothing. As many images are kept as can be.
 *
 * @throws {RangeError} if the label is none, or if a group has no image with it or none without it.
 */
export function balanceGroups(
  dataset: Dataset,
  { label, groupOf, prevalence, sameSize = false, seed }: BalanceOptions,
): { dataset: Dataset; groups: BalancedGroup[]; prevalence: number } {
  const where = 'datasets/balanceGroups';
  const { labels, values } = dataset.annotations;
  const at = labels.indexOf(label);
  if (at < 0)
    throw new RangeError(`${where}: expected a label of ${labels.join(', ')}, got ${label}; correct the name`);
  const groups = new Map<string, { positives: number[]; negatives: number[] }>();
  dataset.samples.forEach((sample, row) => {
    const value = values[row * labels.length + at];
    const name = groupOf(sample);
    if (name === undefined || (value !== 0 && value !== 1)) return;
    const group = groups.get(name) ?? { positives: [], negatives: [] };
    (value === 1 ? group.positives : group.negatives).push(row);
    groups.set(name, group);
  });
  const all = [...groups.values()];
  const sum = (of: 'positives' | 'negatives'): number => all.reduce((total, group) => total + group[of].length, 0);
  const share = prevalence ?? sum('positives') / (sum('positives') + sum('negatives'));
  if (!(share > 0 && share < 1))
    throw new RangeError(
      `${where}: expected a prevalence between 0 and 1, got ${share}; are there known annotations of both kinds?`,
    );
  for (const [name, { positives, negatives }] of groups) {
    if (positives.length === 0 || negatives.length === 0)
      throw new RangeError(
        `${where}: expected images with and without ${label} in every group, got ${positives.length} with and ${negatives.length} without in ${name}; exclude that group`,
      );
  }
  /** The largest number of images of a group with that share. */
  const sizes = new Map(
    [...groups].map(([name, { positives, negatives }]) => [
      name,
      Math.min(positives.length / share, negatives.length / (1 - share)),
    ]),
  );
  const least = [...sizes.values()].reduce((smallest, size) => Math.min(smallest, size), Infinity);
  const kept: number[] = [];
  const result = [...groups].map(([group, { positives, negatives }]): BalancedGroup => {
    const size = sameSize ? least : sizes.get(group)!;
    const [ones, zeros] = [Math.floor(share * size + 1e-9), Math.floor((1 - share) * size + 1e-9)];
    const draw = (rows: number[], wanted: number, kind: string): void => {
      const order = new RandomStream({ seed, purpose: `balance/${group}/${kind}` }).permutation(rows.length);
      for (const place of order.slice(0, wanted)) kept.push(rows[place]);
    };
    draw(positives, ones, 'positives');
    draw(negatives, zeros, 'negatives');
    return {
      group,
      before: { positives: positives.length, negatives: negatives.length },
      after: { positives: ones, negatives: zeros },
    };
  });
  return {
    dataset: selectSamples(
      dataset,
      kept.sort((a, b) => a - b),
    ),
    groups: result.sort((a, b) => (a.group < b.group ? -1 : 1)),
    prevalence: share,
  };
}
