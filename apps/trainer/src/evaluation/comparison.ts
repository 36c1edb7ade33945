import { InputError } from '@cxr-align/files';
import {
  bcaInterval,
  benjaminiHochberg,
  bootstrapModels,
  bootstrapP,
  clusterRows,
  holm,
  jackknifeWeights,
  meanDefined,
  pairedDelong,
  percentileInterval,
  RankedScores,
  smallestDetectableDifference,
  standardDeviation,
  type Clusters,
} from '@cxr-align/metrics';
import type { MaybeNumber } from './evaluation-schema.js';
import { orNull } from '../maybe-number.js';
import { columnOf, type Predictions } from './predictions.js';

/** One label (or the mean of all) of two models on the same samples. */
export interface ComparisonRow {
  label: string;
  positives: number;
  aurocA: MaybeNumber;
  aurocACi: [MaybeNumber, MaybeNumber];
  aurocB: MaybeNumber;
  aurocBCi: [MaybeNumber, MaybeNumber];
  /** B − A. */
  difference: MaybeNumber;
  differenceCi: [MaybeNumber, MaybeNumber];
  /** Two-sided: paired DeLong for a label, bootstrap by patient for the mean. */
  p: MaybeNumber;
  /** p corrected for the number of labels (Holm); null for the mean. */
  pHolm: MaybeNumber;
  /** The same by Benjamini and Hochberg: the share of false ones among those called. */
  pBh: MaybeNumber;
  /** The difference with its bias-corrected and accelerated interval. */
  differenceBca: [MaybeNumber, MaybeNumber];
  /** The smallest difference that these samples would have shown with a power of 80 % at 5 %. */
  detectable: MaybeNumber;
}

/** The content of `comparison.json`: the first model against each other one. */
export interface Comparison {
  a: string;
  b: string;
  samples: number;
  patients: number;
  labels: ComparisonRow[];
  macro: ComparisonRow;
  undefinedLabels: string[];
  method: string;
}

/**
 * Compares two models on the same samples.
 *
 * @throws {InputError} if samples, labels or targets differ: which.
 */
export function compare(
  a: { name: string; predictions: Predictions },
  b: { name: string; predictions: Predictions },
  draws: number,
): Comparison {
  checkSame(a, b);
  const { labels, samples, targets } = a.predictions;
  const clusters = clusterRows(samples.map(({ patient }) => patient));
  const truth = labels.map((_, i) => columnOf(targets, labels.length, i));
  const scores = [a, b].map(({ predictions }) =>
    labels.map((_, i) => columnOf(predictions.probabilities, labels.length, i)),
  );
  const ranked = scores.map((columns) => columns.map((column, i) => new RankedScores(truth[i], column)));
  const [drawsA, drawsB] = bootstrapModels(ranked, clusters, { draws }).map(({ auroc }) => auroc);
  const jackknife = jackknifeDifferences(ranked, clusters);
  const interval = (values: Float64Array): [MaybeNumber, MaybeNumber] =>
    percentileInterval(values).map(orNull) as [MaybeNumber, MaybeNumber];
  const minus = (x: Float64Array, y: Float64Array): Float64Array => x.map((value, draw) => value - y[draw]);
  const rows = labels.map((label, i): ComparisonRow => {
    const { aurocA, aurocB, p } = pairedDelong(truth[i], scores[0][i], scores[1][i]);
    const isDefined = ranked[0][i].positives > 0 && ranked[0][i].negatives > 0;
    return {
      label,
      positives: ranked[0][i].positives,
      aurocA: orNull(aurocA),
      aurocACi: interval(drawsA.byLabel[i]),
      aurocB: orNull(aurocB),
      aurocBCi: interval(drawsB.byLabel[i]),
      difference: orNull(aurocB - aurocA),
      differenceCi: interval(minus(drawsB.byLabel[i], drawsA.byLabel[i])),
      p: isDefined ? orNull(p) : null,
      pHolm: null,
      pBh: null,
      ...shown(minus(drawsB.byLabel[i], drawsA.byLabel[i]), aurocB - aurocA, jackknife.byLabel[i]),
    };
  });
  const pValues = rows.map(({ p }) => p ?? NaN);
  holm(pValues).forEach((p, i) => (rows[i].pHolm = orNull(p)));
  benjaminiHochberg(pValues).forEach((p, i) => (rows[i].pBh = orNull(p)));
  const defined = rows.filter(({ difference }) => difference !== null);
  const meanOf = (value: (row: ComparisonRow) => MaybeNumber): MaybeNumber =>
    orNull(defined.reduce((sum, row) => sum + value(row)!, 0) / defined.length);
  const macroDraws = minus(drawsB.macro, drawsA.macro);
  return {
    a: a.name,
    b: b.name,
    samples: samples.length,
    patients: clusters.count,
    labels: rows,
    macro: {
      label: 'macro',
      positives: rows.reduce((sum, { positives }) => sum + positives, 0),
      aurocA: meanOf((row) => row.aurocA),
      aurocACi: interval(drawsA.macro),
      aurocB: meanOf((row) => row.aurocB),
      aurocBCi: interval(drawsB.macro),
      difference: meanOf((row) => row.difference),
      differenceCi: interval(macroDraws),
      p: orNull(bootstrapP(macroDraws)),
      pHolm: null,
      pBh: null,
      ...shown(macroDraws, meanOf((row) => row.difference) ?? NaN, jackknife.macro),
    },
    undefinedLabels: rows.filter(({ difference }) => difference === null).map(({ label }) => label),
    method: `intervals: 95 %, ${draws} bootstrap draws of ${clusters.count} patients; p of a label: paired DeLong, of the mean: bootstrap; Holm over the labels; detectable: the smallest difference that these images would have shown with a power of 80 %`,
  };
}

/** What the draws of a difference show beside its percentiles. */
function shown(
  draws: Float64Array,
  difference: number,
  jackknife: readonly number[],
): Pick<ComparisonRow, 'differenceBca' | 'detectable'> {
  return {
    differenceBca: bcaInterval(draws, difference, jackknife).map(orNull) as [MaybeNumber, MaybeNumber],
    detectable: orNull(smallestDetectableDifference(standardDeviation(draws))),
  };
}

/** B − A with some patients left out at a time. */
function jackknifeDifferences(
  [a, b]: readonly (readonly RankedScores[])[],
  clusters: Clusters,
): { byLabel: number[][]; macro: number[] } {
  const byLabel: number[][] = a.map(() => []);
  const macro: number[] = [];
  for (const weights of jackknifeWeights(clusters)) {
    const [valuesA, valuesB] = [a, b].map((ranked) => ranked.map((one) => one.auroc(weights)));
    valuesA.forEach((value, i) => byLabel[i].push(valuesB[i] - value));
    macro.push(meanDefined(valuesB) - meanDefined(valuesA));
  }
  return { byLabel, macro };
}

/** @throws {InputError} if two models were evaluated on different samples, labels or targets: which. */
export function checkSame(
  a: { name: string; predictions: Predictions },
  b: { name: string; predictions: Predictions },
): void {
  const fail = (message: string): never => {
    throw new InputError(
      `expected ${a.name} and ${b.name} to be evaluated on the same samples, got ${message}; evaluate both on the same split`,
    );
  };
  const [x, y] = [a.predictions, b.predictions];
  if (x.labels.join('|') !== y.labels.join('|')) fail(`the labels ${x.labels.join(', ')} and ${y.labels.join(', ')}`);
  const ids = [x, y].map(({ samples }) => samples.map(({ id }) => id));
  const lone = [ids[0].filter((id) => !ids[1].includes(id)), ids[1].filter((id) => !ids[0].includes(id))];
  if (lone[0].length > 0 || lone[1].length > 0) {
    fail(
      `${lone[0].length} samples in ${a.name} alone and ${lone[1].length} in ${b.name} alone (such as ${[...lone[0], ...lone[1]][0]})`,
    );
  }
  const at = ids[0].findIndex((id, i) => id !== ids[1][i]);
  if (at >= 0) fail(`another order from row ${at} on`);
  const differs = x.targets.findIndex((target, i) => !Object.is(target, y.targets[i]));
  if (differs >= 0)
    fail(
      `another target of ${x.labels[differs % x.labels.length]} for ${ids[0][Math.floor(differs / x.labels.length)]}`,
    );
}

/** A comparison as a table for a terminal. */
export function comparisonTable({
  a,
  b,
  labels,
  macro,
  samples,
  patients,
  undefinedLabels,
  method,
}: Comparison): string {
  const number = (value: MaybeNumber, digits = 3): string => (value === null ? '–' : value.toFixed(digits));
  const signed = (value: MaybeNumber): string =>
    value === null ? '–' : `${value >= 0 ? '+' : '−'}${Math.abs(value).toFixed(3)}`;
  const range = ([low, high]: [MaybeNumber, MaybeNumber], show: (value: MaybeNumber) => string = number): string =>
    low === null ? '' : ` [${show(low)}, ${show(high)}]`;
  const line = (row: ComparisonRow): string[] => [
    row.label,
    row.label === 'macro' ? '' : String(row.positives),
    number(row.aurocA) + range(row.aurocACi),
    number(row.aurocB) + range(row.aurocBCi),
    signed(row.difference) + range(row.differenceCi, signed),
    row.p !== null && row.p < 0.001 ? '< 0.001' : number(row.p),
    number(row.pHolm),
    number(row.detectable),
  ];
  const table = [
    ['label', 'positives', `${a}: AUROC`, `${b}: AUROC`, 'difference', 'p', 'p (Holm)', 'detectable'],
    ...labels.map(line),
    line({ ...macro, positives: 0 }),
  ];
  const widths = table[0].map((_, column) => Math.max(...table.map((cells) => cells[column].length)));
  const text = table.map((cells) =>
    cells
      .map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i])))
      .join('  ')
      .trimEnd(),
  );
  const rule = '─'.repeat(Math.max(...text.map((row) => row.length)));
  const notes = [`${samples} images of ${patients} patients. ${method}.`];
  if (undefinedLabels.length > 0)
    notes.push(`Undefined (one class only) and left out of the mean: ${undefinedLabels.join(', ')}.`);
  return [text[0], rule, ...text.slice(1, -1), rule, text[text.length - 1], '', ...notes].join('\n');
}
