import { RandomStream } from '@cxr-align/random';
import type { Sample } from './dataset.js';

/** What few-shot training images are drawn from. */
export interface ShotSource {
  samples: readonly Pick<Sample, 'patient' | 'split'>[];
  labels: readonly string[];
  /** [samples, labels] row by row: 1 present, 0 absent, NaN unknown. */
  targets: ArrayLike<number>;
}

/** How few-shot training images are drawn. */
export interface ShotOptions {
  /** Images with, and images without, each label: 1 or more. */
  shots: number;
  seed: number;
  /** Which draw it is, from 1 on. Default 1. */
  draw?: number;
}

/** Few-shot training images. */
export interface Shots {
  /** For each label the rows of its images, in the order in which they were drawn. */
  byLabel: Record<string, { positives: number[]; negatives: number[] }>;
  /** What a person should know: labels with too few images, or too few patients. */
  remarks: string[];
}

/**
 * Draws few-shot training images: for each label by itself so many images of the training split that show it, and as many that lack it.
 * Every image of a label is of another patient, as long as there are enough patients; which images are drawn of a patient is random, too.
 * A label with fewer images than that has all of them. The draw of a label depends on its own annotations alone.
 *
 * @throws {RangeError} if `shots` or `draw` is no whole number of 1 or more.
 * @see Shakeri et al. 2024, arXiv:2409.03868: the few-shot regime for chest X-rays, there of classes that exclude each other; for labels
 *   that do not, images of both classes of each.
 *
 * @example
 * const { byLabel } = drawShots({ samples, labels, targets }, { shots: 4, seed: 0 });
 */
export function drawShots({ samples, labels, targets }: ShotSource, { shots, seed, draw = 1 }: ShotOptions): Shots {
  for (const [name, value] of Object.entries({ shots, draw }))
    if (!Number.isInteger(value) || value < 1)
      throw new RangeError(`datasets/drawShots: expected ${name} to be a whole number of 1 or more, got ${value}`);
  const remarks: string[] = [];
  const byLabel = Object.fromEntries(
    labels.map((label, at) => {
      const rowsWith = (value: number): number[] =>
        samples.flatMap(({ split }, row) =>
          split === 'train' && targets[row * labels.length + at] === value ? [row] : [],
        );
      const random = new RandomStream({ seed, purpose: `shots/${label}`, step: draw });
      const [positives, negatives] = [
        imagesByPatient(rowsWith(1), samples, random),
        imagesByPatient(rowsWith(0), samples, random),
      ];
      const drawn = drawLabel(positives, negatives, shots);
      remarks.push(...shortages(label, shots, { drawn, positives, negatives, samples }));
      return [label, drawn];
    }),
  );
  return { byLabel, remarks };
}

/** The images of each patient, patients and images in random order. */
type ImagesByPatient = Map<string, number[]>;

function imagesByPatient(
  rows: readonly number[],
  samples: ShotSource['samples'],
  random: RandomStream,
): ImagesByPatient {
  const found: ImagesByPatient = new Map();
  for (const at of random.permutation(rows.length)) {
    const { patient } = samples[rows[at]];
    found.set(patient, [...(found.get(patient) ?? []), rows[at]]);
  }
  const patients = [...found.keys()].sort();
  return new Map(Array.from(random.permutation(patients.length), (at) => [patients[at], found.get(patients[at])!]));
}

function drawLabel(
  positives: ImagesByPatient,
  negatives: ImagesByPatient,
  shots: number,
): { positives: number[]; negatives: number[] } {
  // Patients with images of both classes that the negatives can spare.
  const spared = Math.max(0, negatives.size - shots);
  const used = new Set<string>();
  let shared = 0;
  for (const patient of positives.keys()) {
    if (used.size === shots) break;
    if (negatives.has(patient) && shared++ >= spared) continue;
    used.add(patient);
  }
  const first = [...used].map((patient) => positives.get(patient)![0]);
  const second = [...negatives].flatMap(([patient, [row]]) => (used.has(patient) ? [] : [row])).slice(0, shots);
  return { positives: filledUp(first, positives, shots), negatives: filledUp(second, negatives, shots) };
}

/** Adds further images where patients are too few: first those of patients that have none of this class yet. */
function filledUp(drawn: readonly number[], images: ImagesByPatient, shots: number): number[] {
  const taken = new Set(drawn);
  const left = [...images.values()]
    .flatMap((rows) => rows.map((row, place) => ({ row, place })))
    .filter(({ row }) => !taken.has(row))
    .sort((a, b) => a.place - b.place);
  return [...drawn, ...left.map(({ row }) => row)].slice(0, shots);
}

function shortages(
  label: string,
  shots: number,
  {
    drawn,
    positives,
    negatives,
    samples,
  }: {
    drawn: { positives: number[]; negatives: number[] };
    positives: ImagesByPatient;
    negatives: ImagesByPatient;
    samples: ShotSource['samples'];
  },
): string[] {
  const count = (images: ImagesByPatient): number => [...images.values()].flat().length;
  const few = [
    { word: 'with', images: count(positives) },
    { word: 'without', images: count(negatives) },
  ].filter(({ images }) => images < shots);
  const rows = [...drawn.positives, ...drawn.negatives];
  const patients = new Set(rows.map((row) => samples[row].patient)).size;
  return [
    ...(few.length > 0
      ? [
          `${label}: ${few.map(({ word, images }) => `${images} training ${images === 1 ? 'image' : 'images'} ${word} it`).join(' and ')}, fewer than ${shots}: all are used`,
        ]
      : []),
    ...(patients < rows.length
      ? [
          `${label}: its ${rows.length} images are of ${patients} patients: there are too few patients for one image of each`,
        ]
      : []),
  ];
}
