import { InputError } from '@cxr-align/files/input-error';
import type { GroupColumns } from './fairness.js';
import { labelMend } from './label-names.js';

/** A matrix [rows, labels]: rows of values, or all values row by row; with one label, a value a row. */
export type Matrix = ArrayLike<number> | readonly ArrayLike<number>[];

/** What the scale of scores is. */
export type ScoreScale = 'logits' | 'probabilities';

/** Scores of any program, and what they are evaluated against. */
export interface ScoreTable {
  /** [samples, labels] on any scale that rises with the probability. */
  scores: Matrix;
  /** What is ranked, [samples, labels], where probabilities have lost an order (logits of 98 and 99). The scores unless given. */
  ranks?: Matrix;
  /** [samples, labels]: 1 present, 0 absent, −1 or NaN unknown. */
  targets: Matrix;
  /** A name for each column, each once. */
  labels: readonly string[];
  /** Ids of the patients, one a sample: images of a patient are resampled together. Each sample its own patient unless given. */
  patients?: readonly (string | number | bigint)[];
  /** Ids of the samples. Their row numbers from 0 unless given. */
  samples?: readonly string[];
  /** Attributes to audit: for each a group a sample, null where it is missing. */
  groups?: GroupColumns;
  /** Thresholds of labels, on the scale of the scores; the probability 0.5 for labels that are not in it. */
  thresholds?: Readonly<Record<string, number>>;
  /** `auto`: logits if any score lies outside [0, 1]. Default `auto`. */
  scoresAre?: 'auto' | ScoreScale;
  /** Where the arrays are from (such as file names), for errors. */
  sources?: Partial<Record<'scores' | 'targets' | 'labels' | 'patients' | 'samples' | 'groups' | 'thresholds', string>>;
}

/** A table of scores, checked. */
export interface CheckedScores {
  /** [samples, labels] row by row, as given, in float64. */
  scores: Float64Array;
  /** 1, 0, NaN. */
  targets: Float32Array;
  ranks?: Float64Array;
  scale: ScoreScale;
  patients: string[];
  samples: string[];
  /** One a label, on the scale of the scores. */
  thresholds: number[];
}

/**
 * Checks a table of scores entry by entry.
 *
 * @throws {InputError} naming what is wrong: label names that are empty or stand twice, arrays of another size, a score that is
 *   no finite number (its row and label), other targets, patients that are no exact ids, thresholds or groups of unknown names
 *   or of another type.
 */
export function checkScores(table: ScoreTable): CheckedScores {
  const { sources = {} } = table;
  checkLabels(table.labels, sources.labels);
  const scores = flatten(table.scores, table.labels, 'scores', sources.scores);
  const count = scores.length / table.labels.length;
  const given = flatten(table.targets, table.labels, 'targets', sources.targets);
  if (given.length !== scores.length)
    fail(
      `expected targets for the ${count} samples of the scores, got ${given.length / table.labels.length}`,
      sources.targets ?? 'targets',
    );
  checkFinite(scores, table.labels, sources.scores);
  const ranks = table.ranks && flatten(table.ranks, table.labels, 'ranks', sources.scores);
  if (ranks && ranks.length !== scores.length)
    fail(
      `expected ranks of the ${count} samples, got ${ranks.length / table.labels.length}`,
      sources.scores ?? 'ranks',
    );
  if (ranks) checkFinite(ranks, table.labels, sources.scores);
  const scale = scaleOf(table, scores);
  checkGroups(table.groups, count, sources.groups);
  return {
    scores,
    ...(ranks && { ranks }),
    targets: checkedTargets(given, table.labels, sources.targets),
    scale,
    patients: checkedIds(table.patients, count, sources.patients ?? 'patients'),
    samples: checkedIds(table.samples, count, sources.samples ?? 'samples'),
    thresholds: checkedThresholds(table, scale),
  };
}

function fail(message: string, file: string): never {
  throw new InputError(message, { file });
}

function checkLabels(labels: readonly string[], source = 'labels'): void {
  if (!Array.isArray(labels) || labels.length === 0)
    fail('expected a list of one or more label names; name each column of the scores', source);
  const seen = new Set<unknown>();
  for (const [i, name] of labels.entries()) {
    if (typeof name !== 'string' || name.trim() === '')
      fail(`expected label names that are texts, got ${JSON.stringify(name)} at position ${i} (from 0)`, source);
    if (seen.has(name)) fail(`expected each label once, got ${JSON.stringify(name)} twice; rename one`, source);
    seen.add(name);
  }
}

function flatten(matrix: Matrix, labels: readonly string[], name: string, source = name): Float64Array {
  const rows = Array.from<number | ArrayLike<number>>(matrix as ArrayLike<number>);
  const isNested = rows.some((row) => typeof row === 'object' && row !== null);
  if (!isNested) {
    if (rows.length % labels.length !== 0)
      fail(
        `expected ${name} [samples, ${labels.length}] row by row, got ${rows.length} values; pass a value for each label`,
        source,
      );
    return Float64Array.from(rows as number[]);
  }
  const wrong = rows.findIndex((row) => typeof row !== 'object' || row === null || row.length !== labels.length);
  if (wrong >= 0)
    fail(
      `expected ${labels.length} values in each row of ${name}, got ${(rows[wrong] as ArrayLike<number>)?.length ?? rows[wrong]} in row ${wrong} (from 0); pass a value for each label`,
      source,
    );
  return Float64Array.from((rows as ArrayLike<number>[]).flatMap((row) => Array.from(row)));
}

/** Row and label of an entry, in words. */
function entryAt(at: number, labels: readonly string[]): string {
  return `row ${Math.floor(at / labels.length)} (from 0), label ${labels[at % labels.length]}`;
}

function checkFinite(scores: Float64Array, labels: readonly string[], source = 'scores'): void {
  const at = scores.findIndex((value) => !Number.isFinite(value));
  if (at < 0) return;
  const others = scores.reduce((sum, value) => sum + (Number.isFinite(value) ? 0 : 1), 0) - 1;
  fail(
    `expected finite scores, got ${scores[at]} in ${entryAt(at, labels)}${others > 0 ? `, and ${others} more that are not finite` : ''}; leave such samples out`,
    source,
  );
}

function checkedTargets(given: Float64Array, labels: readonly string[], source = 'targets'): Float32Array {
  const targets = Float32Array.from(given, (value) => (value === -1 ? NaN : value));
  const at = given.findIndex((value) => value !== 0 && value !== 1 && value !== -1 && !Number.isNaN(value));
  if (at >= 0) fail(`expected targets of 1, 0, -1 or NaN, got ${given[at]} in ${entryAt(at, labels)}`, source);
  return targets;
}

function scaleOf({ scoresAre = 'auto', labels, sources }: ScoreTable, scores: Float64Array): ScoreScale {
  if (!['auto', 'logits', 'probabilities'].includes(scoresAre))
    throw new RangeError(
      `evaluation/evaluateScores: expected scoresAre to be auto, logits or probabilities, got ${String(scoresAre)}`,
    );
  const outside = scores.findIndex((value) => value < 0 || value > 1);
  if (scoresAre === 'auto') return outside >= 0 ? 'logits' : 'probabilities';
  if (scoresAre === 'probabilities' && outside >= 0)
    fail(
      `expected probabilities in [0, 1], got ${scores[outside]} in ${entryAt(outside, labels)}; divide percentages by 100, or evaluate them as logits`,
      sources?.scores ?? 'scores',
    );
  return scoresAre;
}

function checkedIds(ids: readonly (string | number | bigint)[] | undefined, count: number, source: string): string[] {
  if (ids === undefined) return Array.from({ length: count }, (_, row) => String(row));
  if (ids.length !== count) fail(`expected an id for each of ${count} samples, got ${ids.length}`, source);
  return Array.from(ids, (id, row) => {
    const isExact = typeof id === 'string' ? id !== '' : typeof id === 'bigint' || Number.isSafeInteger(id);
    if (!isExact)
      fail(
        `expected ids that are texts or whole numbers up to 2^53, got ${JSON.stringify(id) ?? String(id)} in row ${row} (from 0); pass larger ids as texts`,
        source,
      );
    return String(id);
  });
}

function checkGroups(groups: GroupColumns | undefined, count: number, source = 'groups'): void {
  for (const [name, values] of Object.entries(groups ?? {})) {
    if (name.trim() === '') fail('expected a name for each attribute, got an empty one; name its column', source);
    if (!Array.isArray(values) || values.length !== count)
      fail(
        `expected a group for each of ${count} samples in ${JSON.stringify(name)}, got ${Array.isArray(values) ? values.length : typeof values}`,
        source,
      );
    const row = values.findIndex((value) => value !== null && typeof value !== 'string');
    if (row >= 0)
      fail(
        `expected groups that are texts, or null where missing, got ${JSON.stringify(values[row])} of ${JSON.stringify(name)} in row ${row} (from 0); turn numbers into ranges`,
        source,
      );
  }
}

function checkedThresholds({ thresholds = {}, labels, sources }: ScoreTable, scale: ScoreScale): number[] {
  const source = sources?.thresholds ?? 'thresholds';
  if (typeof thresholds !== 'object' || thresholds === null || Array.isArray(thresholds))
    fail('expected an object of label to threshold, got a list or another value; write {"Edema": 0.3}', source);
  for (const [name, value] of Object.entries<unknown>(thresholds)) {
    if (!labels.includes(name)) {
      fail(
        `expected thresholds of ${labels.join(', ')}, got one of ${JSON.stringify(name)}; ${labelMend(name, labels)}`,
        source,
      );
    }
    if (typeof value !== 'number' || !Number.isFinite(value))
      fail(`expected a number as the threshold of ${name}, got ${JSON.stringify(value)}`, source);
    if (scale === 'probabilities' && (value < 0 || value > 1))
      fail(
        `expected the threshold of ${name} in [0, 1], as the scores are, got ${value}; divide percentages by 100`,
        source,
      );
  }
  return labels.map((label) => (Object.hasOwn(thresholds, label) ? thresholds[label] : scale === 'logits' ? 0 : 0.5));
}
