import type { Dataset } from '@cxr-align/datasets';
import { csvCell } from '@cxr-align/files';
import type { NearImages } from '../near-images.js';
import { bitOf, suspectKinds, type ScoredAnnotations, type SuspectKind } from './score-annotations.js';

/** An annotation that is probably wrong. */
export interface Suspect {
  image: string;
  patient: string;
  split: string;
  label: string;
  given: 'present' | 'absent';
  /** Whether the table has it, or a label policy made a blank or an uncertain annotation that. */
  annotated: boolean;
  /** Of the label, by models that were not trained on the patient; null where there is none. */
  probability: number | null;
  /** Estimated probability that the annotation is wrong, in [0, 1]. */
  suspicion: number;
  kinds: SuspectKind[];
  /** Why, in words. */
  reasons: string[];
  /** The most similar images of other patients; their annotations of the label. */
  neighbours: { image: string; similarity: number; given: 'present' | 'absent' | 'unknown' }[];
}

/** Neighbours that a reason names. */
const namedNeighbours = 3;

/** What suspects are described from. */
export interface DescribedAnnotations {
  dataset: Dataset;
  targets: ArrayLike<number>;
  probabilities: ArrayLike<number>;
  near?: Pick<NearImages, 'count' | 'rows' | 'similarities'>;
  scored: ScoredAnnotations;
}

/** The suspects, the most doubtful first. */
export function describeSuspects({ dataset, targets, probabilities, near, scored }: DescribedAnnotations): Suspect[] {
  const { samples, annotations } = dataset;
  const { labels, values } = annotations;
  const n = labels.length;
  const word = (target: number): 'present' | 'absent' | 'unknown' =>
    target === 1 ? 'present' : target === 0 ? 'absent' : 'unknown';
  const contradictions = reasonsByPlace<number>(scored.contradictions, ([image, present, absent]) => [
    [image * n + present, absent],
    [image * n + absent, present],
  ]);
  const conflicts = reasonsByPlace<number>(scored.conflicts, ([image, other, label]) => [
    [image * n + label, other],
    [other * n + label, image],
  ]);
  const places = [...scored.kinds.keys()]
    .filter((at) => scored.kinds[at] > 0)
    .sort((a, b) => scored.suspicion[b] - scored.suspicion[a] || a - b);
  return places.map((at) => {
    const [image, label] = [Math.floor(at / n), at % n];
    const { id, patient, split } = samples[image];
    const given = targets[at] === 1 ? 'present' : 'absent';
    const kinds = suspectKinds.filter((kind) => (scored.kinds[at] & bitOf(kind)) !== 0);
    const neighbours = near
      ? Array.from({ length: near.count }, (_, i) => image * near.count + i).flatMap((i) => {
          const row = near.rows[i];
          if (row < 0) return [];
          return [{ image: samples[row].id, similarity: near.similarities[i], given: word(targets[row * n + label]) }];
        })
      : [];
    const reasons: Record<SuspectKind, () => string> = {
      hierarchy: () =>
        given === 'present'
          ? `present, while ${names(contradictions.get(at)!, labels)} above it is absent`
          : `absent, while ${names(contradictions.get(at)!, labels)} below it is present`,
      duplicate: () =>
        `${given}, while ${conflicts
          .get(at)!
          .map((row) => samples[row].id)
          .join(', ')} is the same image and has it ${given === 'present' ? 'absent' : 'present'}`,
      model: () =>
        `given as ${given}, while models that were not trained on the patient have a probability of ${probabilities[at].toFixed(3)}`,
      neighbours: () => neighbourReason(neighbours, given),
    };
    return {
      image: id,
      patient,
      split,
      label: labels[label],
      given,
      annotated: values[at] === 0 || values[at] === 1,
      probability: Number.isNaN(probabilities[at]) ? null : probabilities[at],
      suspicion: scored.suspicion[at],
      kinds,
      reasons: kinds.map((kind) => reasons[kind]()),
      neighbours,
    };
  });
}

function names(places: readonly number[], labels: readonly string[]): string {
  return places.map((place) => labels[place]).join(' and ');
}

function neighbourReason(neighbours: Suspect['neighbours'], given: 'present' | 'absent'): string {
  const known = neighbours.filter((one) => one.given !== 'unknown');
  const other = known.filter((one) => one.given !== given);
  const examples = other.slice(0, namedNeighbours).map(({ image }) => image);
  return `${other.length} of the ${known.length} most similar images of other patients have it ${given === 'present' ? 'absent' : 'present'} (${examples.join(', ')})`;
}

function reasonsByPlace<T>(
  found: readonly [number, number, number][],
  placed: (one: [number, number, number]) => [at: number, why: T][],
): Map<number, T[]> {
  const byPlace = new Map<number, T[]>();
  for (const one of found) for (const [at, why] of placed(one)) byPlace.set(at, [...(byPlace.get(at) ?? []), why]);
  return byPlace;
}

const columns = [
  'rank',
  'image',
  'patient',
  'split',
  'label',
  'given',
  'annotated',
  'probability',
  'suspicion',
  'kinds',
  'reasons',
  'neighbours',
];

/** Suspects as CSV, one a row; texts that a spreadsheet would compute begin with `'`. */
export function suspectsCsv(suspects: readonly Suspect[]): string {
  const rows = suspects.map((one, i) => [
    i + 1,
    one.image,
    one.patient,
    one.split,
    one.label,
    one.given,
    one.annotated ? 'yes' : 'no',
    one.probability === null ? null : Number(one.probability.toFixed(4)),
    Number(one.suspicion.toFixed(4)),
    one.kinds.join(' '),
    one.reasons.join('; '),
    one.neighbours.map(({ image, given }) => `${image} (${given})`).join('; '),
  ]);
  return `${[columns, ...rows].map((row) => row.map(csvCell).join(',')).join('\n')}\n`;
}
