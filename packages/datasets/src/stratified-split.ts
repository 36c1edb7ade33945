import { RandomStream } from '@cxr-align/random';
import type { Dataset, Split } from './dataset.js';

/** How a data set is split anew. */
export interface StratifyOptions {
  /** Shares of the images; those of train, val and test sum to 1. */
  shares: Record<Split, number>;
  seed: number;
}

/**
 * Draws the splits anew: patients stay whole, and each split gets its share of the images of every label, the rarest
 * labels first.
 *
 * @throws {RangeError} if the shares are no shares.
 * @see Sechidis et al. 2011, doi:10.1007/978-3-642-23808-6_10: iterative stratification; here of patients, by how many of
 * their images show a label.
 */
export function stratifySplits(dataset: Dataset, { shares, seed }: StratifyOptions): Dataset {
  const splits = (['train', 'val', 'test'] as const).filter((split) => shares[split] > 0);
  const sum = Object.values(shares).reduce((total, share) => total + share, 0);
  if (Object.values(shares).some((share) => !(share >= 0)) || Math.abs(sum - 1) > 1e-9)
    throw new RangeError(
      `datasets/stratifySplits: expected shares that sum to 1, got ${Object.values(shares)}; correct them`,
    );
  const patients = patientsOf(dataset, seed);
  const count = dataset.annotations.labels.length;
  // What each split still wants: of each label, and (last) of images.
  const wanted = new Map(splits.map((split) => [split, new Float64Array(count + 1)]));
  for (const split of splits)
    for (const { has } of patients) has.forEach((images, i) => (wanted.get(split)![i] += shares[split] * images));
  const left = new Float64Array(count + 1);
  for (const { has } of patients) has.forEach((images, i) => (left[i] += images));
  const splitOf = new Map<string, Split>();
  let open = patients;
  while (open.length > 0) {
    const label = rarest(left, count);
    const having = open.filter(({ has }) => has[label] > 0);
    // Patients with many images first: the others even out what they leave.
    having.sort((a, b) => b.has[label] - a.has[label] || b.has[count] - a.has[count]);
    for (const { patient, has } of having) {
      const split = mostWanting(splits, (one) => [wanted.get(one)![label], wanted.get(one)![count]]);
      splitOf.set(patient, split);
      has.forEach((images, i) => {
        wanted.get(split)![i] -= images;
        left[i] -= images;
      });
    }
    open = open.filter(({ patient }) => !splitOf.has(patient));
  }
  return {
    ...dataset,
    samples: dataset.samples.map((sample) => ({ ...sample, split: splitOf.get(sample.patient)! })),
    hasOwnSplits: true,
  };
}

interface Patient {
  patient: string;
  /** Images that show each label, and (last) all images. */
  has: Float64Array;
}

/** In random order, which decides between those that are alike. */
function patientsOf({ samples, annotations: { labels, values } }: Dataset, seed: number): Patient[] {
  const count = labels.length;
  const found = new Map<string, Float64Array>();
  samples.forEach(({ patient }, row) => {
    const has = found.get(patient) ?? new Float64Array(count + 1);
    for (let i = 0; i < count; i++) if (values[row * count + i] === 1) has[i]++;
    has[count]++;
    found.set(patient, has);
  });
  const names = [...found.keys()].sort();
  const order = new RandomStream({ seed, purpose: 'stratify' }).permutation(names.length);
  return Array.from(order, (at) => ({ patient: names[at], has: found.get(names[at])! }));
}

/** The label that fewest images have that are left; all images (last) where none is. */
function rarest(left: Float64Array, count: number): number {
  let best = count;
  for (let i = 0; i < count; i++) if (left[i] > 0 && (best === count || left[i] < left[best])) best = i;
  return best;
}

function mostWanting(splits: readonly Split[], wants: (split: Split) => [label: number, images: number]): Split {
  return splits.reduce((best, split) => {
    const [a, b] = [wants(split), wants(best)];
    return a[0] > b[0] || (a[0] === b[0] && a[1] > b[1]) ? split : best;
  });
}
