import { RandomStream } from '@cxr-align/random';
import { InputError } from '@cxr-align/files';
import type { Dataset } from './dataset.js';

/** How images are divided into folds. */
export interface FoldOptions {
  /** 2 or more. */
  folds: number;
  seed: number;
}

/** Images in folds. */
export interface Folds {
  /** For each sample the fold that it is in, from 0 on; −1 for those of the test split, which stay apart. */
  foldOf: Int32Array;
  /** What a person should know: labels with too few patients for the folds. */
  remarks: string[];
}

/**
 * Divides the images of the training and validation splits into folds of about the same size: patients stay whole, and each fold gets
 * its share of the images with a label and of those without it, the rarest first. Annotations that are uncertain, or not there,
 * count on neither side.
 *
 * @throws {RangeError} if the number of folds is none. @throws {InputError} if there are fewer patients than folds.
 * @see Sechidis et al. 2011, doi:10.1007/978-3-642-23808-6_10: iterative stratification; here of patients, by how many of
 * their images show a label, and how many lack it.
 *
 * @example
 * const { foldOf } = drawFolds(dataset, { folds: 5, seed: 0 });
 */
export function drawFolds(dataset: Dataset, { folds, seed }: FoldOptions): Folds {
  if (!Number.isInteger(folds) || folds < 2)
    throw new RangeError(`datasets/drawFolds: expected folds to be a whole number of 2 or more, got ${folds}`);
  const patients = patientsOf(dataset, seed);
  if (patients.length < folds)
    throw new InputError(
      `expected at least as many patients with images to train on as folds (${folds}), got ${patients.length}; use fewer folds`,
    );
  const placed = stratify(patients, folds);
  const foldOf = Int32Array.from(dataset.samples, ({ patient, split }) =>
    split === 'test' ? -1 : placed.get(patient)!,
  );
  return { foldOf, remarks: fewPatients(dataset.annotations.labels, patients, placed, folds) };
}

interface Patient {
  patient: string;
  /** Images that show each label, then those that lack it, and (last) all images. */
  has: Float64Array;
}

/** In random order, which decides between those that are alike. */
function patientsOf({ samples, annotations: { labels, values } }: Dataset, seed: number): Patient[] {
  const count = labels.length;
  const found = new Map<string, Float64Array>();
  samples.forEach(({ patient, split }, row) => {
    if (split === 'test') return;
    const has = found.get(patient) ?? new Float64Array(2 * count + 1);
    for (let i = 0; i < count; i++) {
      const value = values[row * count + i];
      if (value === 1) has[i]++;
      else if (value === 0) has[count + i]++;
    }
    has[2 * count]++;
    found.set(patient, has);
  });
  const names = [...found.keys()].sort();
  const order = new RandomStream({ seed, purpose: 'folds' }).permutation(names.length);
  return Array.from(order, (at) => ({ patient: names[at], has: found.get(names[at])! }));
}

/** The fold of each patient. */
function stratify(patients: readonly Patient[], folds: number): Map<string, number> {
  const [{ has: first }] = patients;
  const kinds = first.length - 1;
  const left = new Float64Array(kinds + 1);
  for (const { has } of patients) has.forEach((images, kind) => (left[kind] += images));
  // What each fold still wants of each kind.
  const wanted = Array.from({ length: folds }, () => left.map((images) => images / folds));
  const foldOf = new Map<string, number>();
  let open = [...patients];
  while (open.length > 0) {
    const kind = rarest(left);
    const having = open.filter(({ has }) => has[kind] > 0);
    // Patients with many images first: the others even out what they leave.
    having.sort((a, b) => b.has[kind] - a.has[kind] || b.has[kinds] - a.has[kinds]);
    for (const { patient, has } of having) {
      const fold = mostWanting(wanted, kind, kinds);
      foldOf.set(patient, fold);
      has.forEach((images, one) => {
        wanted[fold][one] -= images;
        left[one] -= images;
      });
    }
    open = open.filter(({ patient }) => !foldOf.has(patient));
  }
  return foldOf;
}

/** The kind that fewest images are of that are left; all images (last) where none is. */
function rarest(left: Float64Array): number {
  const last = left.length - 1;
  let best = last;
  for (let kind = 0; kind < last; kind++) if (left[kind] > 0 && (best === last || left[kind] < left[best])) best = kind;
  return best;
}

/** The fold that wants most images of a kind; of those that want as many, the one that wants most images. */
function mostWanting(wanted: readonly Float64Array[], kind: number, all: number): number {
  return wanted.reduce((best, wants, fold) => {
    const [more, images] = [wants[kind] - wanted[best][kind], wants[all] - wanted[best][all]];
    return more > 1e-9 || (more > -1e-9 && images > 1e-9) ? fold : best;
  }, 0);
}

/** Labels that fewer patients have, or lack, than there are folds. */
function fewPatients(
  labels: readonly string[],
  patients: readonly Patient[],
  placed: ReadonlyMap<string, number>,
  folds: number,
): string[] {
  return labels.flatMap((label, i) =>
    [
      { kind: i, word: 'with' },
      { kind: labels.length + i, word: 'without' },
    ].flatMap(({ kind, word }) => {
      const having = patients.filter(({ has }) => has[kind] > 0);
      const { size } = new Set(having.map(({ patient }) => placed.get(patient)));
      // Images without a label may be those that the table leaves blank.
      if (having.length === 0) return word === 'with' ? [`${label}: no image has it: it has no scores`] : [];
      if (having.length >= folds) return [];
      const people = `${having.length} ${having.length === 1 ? 'patient' : 'patients'} ${word} it, fewer than ${folds} folds`;
      const rest =
        size === 1
          ? 'all are in one fold, whose model has seen none of them'
          : `${folds - size} of the folds ${folds - size === 1 ? 'has' : 'have'} none of them to predict`;
      return [`${label}: ${people}: ${rest}`];
    }),
  );
}
