import { RandomStream } from '@cxr-align/random';

/** What folds are made for. */
export interface FoldRequest {
  /** Of each image: the number of its patient. Patients stay whole. */
  groups: ArrayLike<number>;
  /** [images, labels] row by row, NaN where unknown; a target above 0.5 is a positive. */
  targets: ArrayLike<number>;
  labels: number;
  /** At least 2; fewer are made where there are fewer patients. */
  folds: number;
  seed: number;
  /** What the folds are for: another purpose, other folds. */
  purpose: string;
}

/**
 * Folds by patient with the positives of each label spread evenly, the rarest label first (iterative stratification).
 *
 * @returns the fold of each image.
 * @see Sechidis, Tsoumakas and Vlahavas 2011, On the stratification of multi-label data, ECML PKDD.
 */
export function patientFolds({ groups, targets, labels, folds, seed, purpose }: FoldRequest): Int32Array {
  const images = groups.length;
  const patients = new Map<number, number[]>();
  for (let image = 0; image < images; image++)
    patients.set(groups[image], [...(patients.get(groups[image]) ?? []), image]);
  const members = [...patients.values()];
  const count = Math.max(1, Math.min(folds, members.length));
  const order = new RandomStream({ seed, purpose: `heads/${purpose}` }).permutation(members.length);
  const positivesOf = (patient: number, label: number): number =>
    members[patient].reduce((sum, image) => sum + (targets[image * labels + label] > 0.5 ? 1 : 0), 0);
  const positives = members.map((_, patient) =>
    Array.from({ length: labels }, (__, label) => positivesOf(patient, label)),
  );
  const left = Array.from({ length: labels }, (_, label) => positives.reduce((sum, row) => sum + row[label], 0));
  const wanted = Array.from({ length: count }, () => ({
    images: images / count,
    labels: left.map((total) => total / count),
  }));
  const foldOf = new Int32Array(members.length).fill(-1);
  const put = (patient: number, label: number): void => {
    let best = 0;
    for (let fold = 1; fold < count; fold++) {
      const [a, b] = [wanted[fold], wanted[best]];
      const first = label < 0 ? 0 : a.labels[label] - b.labels[label];
      if (first > 1e-9 || (Math.abs(first) <= 1e-9 && a.images > b.images + 1e-9)) best = fold;
    }
    foldOf[patient] = best;
    wanted[best].images -= members[patient].length;
    positives[patient].forEach((found, at) => {
      wanted[best].labels[at] -= found;
      left[at] -= found;
    });
  };
  for (;;) {
    const rarest = left.reduce((best, total, at) => (total > 0 && (best < 0 || total < left[best]) ? at : best), -1);
    if (rarest < 0) break;
    // Patients with many images have few places where they fit: they come first.
    const having = [...order].filter((patient) => foldOf[patient] < 0 && positives[patient][rarest] > 0);
    having.sort((a, b) => positives[b][rarest] - positives[a][rarest]);
    having.forEach((patient) => put(patient, rarest));
  }
  const rest = [...order].filter((patient) => foldOf[patient] < 0);
  rest.sort((a, b) => members[b].length - members[a].length);
  rest.forEach((patient) => put(patient, -1));
  const out = new Int32Array(images);
  members.forEach((own, patient) => own.forEach((image) => (out[image] = foldOf[patient])));
  return out;
}
