import { RandomStream } from '@cxr-align/random';
import { selectSamples, type Dataset, type Split } from './dataset.js';

/** Patients that are in more than one split, and in which ones. */
export function overlappingPatients(dataset: Dataset): Map<string, Split[]> {
  const first = new Map<string, Split>();
  const several = new Map<string, Split[]>();
  for (const { patient, split } of dataset.samples) {
    const known = first.get(patient);
    if (known === undefined) first.set(patient, split);
    else if (known !== split) {
      const found = several.get(patient) ?? [known];
      if (!found.includes(split)) several.set(patient, [...found, split]);
    }
  }
  return several;
}

/**
 * Moves patients of the training split to another one, whole, until it holds a share of the training images.
 *
 * @param share in (0, 1).
 */
export function drawSplit(dataset: Dataset, split: Split, share: number, seed: number): Dataset {
  const training = dataset.samples.filter((sample) => sample.split === 'train');
  const wanted = Math.round(share * training.length);
  const chosen = choosePatients(
    training.map(({ patient }) => patient),
    wanted,
    { seed, purpose: `split/${split}` },
  );
  return {
    ...dataset,
    samples: dataset.samples.map((sample) =>
      sample.split === 'train' && chosen.has(sample.patient) ? { ...sample, split } : sample,
    ),
  };
}

/**
 * Keeps only so many images of the training split, whole patients at random; the other splits stay as they are. The
 * last patient may bring the count slightly above the count that is wanted.
 */
export function limitTraining(
  dataset: Dataset,
  { count, fraction, seed }: { count?: number; fraction?: number; seed: number },
): Dataset {
  if (count === undefined && fraction === undefined) return dataset;
  const patients = dataset.samples.filter(({ split }) => split === 'train').map(({ patient }) => patient);
  const wanted = count ?? Math.round(fraction! * patients.length);
  const chosen = choosePatients(patients, wanted, { seed, purpose: 'train-count' });
  const kept = dataset.samples.flatMap(({ split, patient }, i) =>
    split !== 'train' || chosen.has(patient) ? [i] : [],
  );
  return selectSamples(dataset, kept);
}

/** Patients in random order until their images are as many as wanted; the order does not depend on how many are wanted. */
function choosePatients(
  patientOfImage: readonly string[],
  wanted: number,
  { seed, purpose }: { seed: number; purpose: string },
): Set<string> {
  const images = new Map<string, number>();
  for (const patient of patientOfImage) images.set(patient, (images.get(patient) ?? 0) + 1);
  const patients = [...images.keys()].sort();
  const chosen = new Set<string>();
  let taken = 0;
  for (const place of new RandomStream({ seed, purpose }).permutation(patients.length)) {
    if (taken >= wanted) break;
    chosen.add(patients[place]);
    taken += images.get(patients[place])!;
  }
  return chosen;
}
