import { InputError } from '@cxr-align/files/input-error';
import type { Predictions } from './predictions.js';

/** Predictions of several models, reduced to what all have. */
export interface PairedPredictions {
  /** In the order given; labels, samples and targets are the same in all. */
  models: Predictions[];
  /** What was left out of which, and what was assumed. */
  remarks: string[];
}

/** A model's predictions under its name. */
interface NamedModel {
  name: string;
  predictions: Predictions;
}

/**
 * Pairs predictions of several models by sample and label: what one of them lacks is left out of all, and reported. A target that is
 * unknown to one counts as unknown. Where they know other patients, those of the model that has fewest count, for intervals would be too
 * narrow else.
 *
 * @throws {InputError} if they share no sample or no label, or if a target of one is 1 and of another 0.
 */
export function pairPredictions(given: readonly NamedModel[]): PairedPredictions {
  const [first] = given;
  const labels = first.predictions.labels.filter((label) =>
    given.every(({ predictions }) => predictions.labels.includes(label)),
  );
  const rows = given.map(({ predictions }) => new Map(predictions.samples.map(({ id }, row) => [id, row])));
  const ids = first.predictions.samples.map(({ id }) => id).filter((id) => rows.every((of) => of.has(id)));
  const remarks = leftOut(given, { labels, ids });
  if (labels.length === 0 || ids.length === 0)
    throw new InputError(
      `expected ${given.map(({ name }) => name).join(' and ')} to be evaluated on the same samples, got no ${ids.length === 0 ? 'sample' : 'label'} that all have (${remarks.join('; ')}); evaluate all on the same split`,
    );
  const reduced = given.map(({ predictions }, i) =>
    selectPredictions(
      predictions,
      labels,
      ids.map((id) => rows[i].get(id)!),
    ),
  );
  const targets = sharedTargets(given, reduced, { labels, ids });
  const patients = reduced.map(({ samples }) => samples.map(({ patient }) => patient));
  const counts = patients.map((of) => new Set(of).size);
  const fewest = counts.indexOf(Math.min(...counts));
  if (patients.some((of) => !isSamePartition(of, patients[fewest])))
    remarks.push(`patients as ${given[fewest].name} knows them (${counts[fewest]})`);
  if (targets.unknown > 0) remarks.push(`${targets.unknown} targets that one does not know were left out`);
  return {
    remarks,
    models: reduced.map((one) => ({
      ...one,
      targets: targets.values,
      samples: one.samples.map((sample, row) => ({ ...sample, patient: patients[fewest][row] })),
    })),
  };
}

function leftOut(
  given: readonly NamedModel[],
  { labels, ids }: { labels: readonly string[]; ids: readonly string[] },
): string[] {
  const shared = new Set(ids);
  return given.flatMap(({ name, predictions }) => {
    const samples = predictions.samples.filter(({ id }) => !shared.has(id));
    const others = predictions.labels.filter((label) => !labels.includes(label));
    return [
      ...(samples.length > 0
        ? [
            `${samples.length} of ${predictions.samples.length} samples are in ${name} but not in all (such as ${samples[0].id})`,
          ]
        : []),
      ...(others.length > 0 ? [`labels in ${name} but not in all: ${others.join(', ')}`] : []),
    ];
  });
}

/** Some rows of predictions, with some labels of theirs, in the order given. */
export function selectPredictions(
  predictions: Predictions,
  labels: readonly string[],
  rows: readonly number[],
): Predictions {
  const n = predictions.labels.length;
  const columns = labels.map((label) => predictions.labels.indexOf(label));
  const values = (from: ArrayLike<number>): number[] =>
    rows.flatMap((row) => columns.map((column) => from[row * n + column]));
  return {
    labels,
    samples: rows.map((row) => predictions.samples[row]),
    targets: Float32Array.from(values(predictions.targets)),
    probabilities: Float64Array.from(values(predictions.probabilities)),
    ...(predictions.scores && { scores: Float64Array.from(values(predictions.scores)) }),
  };
}

function sharedTargets(
  given: readonly NamedModel[],
  reduced: readonly Predictions[],
  { labels, ids }: { labels: readonly string[]; ids: readonly string[] },
): { values: Float32Array; unknown: number } {
  let unknown = 0;
  const values = reduced[0].targets.map((_, at) => {
    const all = reduced.map(({ targets }) => targets[at]);
    const known = all.filter((target) => !Number.isNaN(target));
    const other = known.findIndex((target) => target !== known[0]);
    if (other >= 0)
      throw new InputError(
        `expected the same targets of ${given.map(({ name }) => name).join(' and ')}, got another target of ${labels[at % labels.length]} for ${ids[Math.floor(at / labels.length)]}; evaluate all on the same targets`,
      );
    if (known.length === all.length) return known[0];
    if (known.length > 0) unknown++;
    return NaN;
  });
  return { values, unknown };
}

/** Whether two namings group the same rows together. */
function isSamePartition(a: readonly string[], b: readonly string[]): boolean {
  const pairs = new Set(a.map((one, row) => `${one}\0${b[row]}`)).size;
  return new Set(a).size === pairs && new Set(b).size === pairs;
}
