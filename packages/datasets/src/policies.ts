import { InputError } from '@cxr-align/files';
import { RandomStream } from '@cxr-align/random';
import { seedThreeClassTargets, threeClass } from './three-class.js';

/**
 * What becomes of an uncertain cell (−1): `zeros` absent, `ones` present, `ignore` unknown, left out of loss and metrics;
 * `smoothed-zeros` and `smoothed-ones` a number drawn evenly from [0, 0.3] and [0.55, 0.85]; `estimate` the probability
 * that an earlier model gave.
 */
export type UncertainRule = 'zeros' | 'ones' | 'ignore' | 'smoothed-zeros' | 'smoothed-ones' | 'estimate';

/** What becomes of the cells of a label that say neither present nor absent. */
export interface LabelRule {
  uncertain: UncertainRule;
  /** A label that is not mentioned: absent, or unknown. */
  blank: 'zeros' | 'ignore';
}

/**
 * What No Finding is: `as-is` what its column says; `exclusive` absent wherever another finding is present; `derived` from
 * the others alone: present where all are absent, absent where one is present, else unknown; `seed` absent as soon as
 * another label is mentioned after it, as the first implementation has it. Support devices are no finding.
 */
export type NoFindingRule = 'as-is' | 'exclusive' | 'derived' | 'seed';

/** The names of the rules that a run may choose. */
export const noFindingRules = ['as-is', 'exclusive', 'derived'] as const satisfies readonly NoFindingRule[];

/** How table cells become targets. */
export interface LabelPolicy extends LabelRule {
  /** Labels that are treated otherwise. */
  byLabel?: Readonly<Record<string, Partial<LabelRule>>>;
  /** Default `as-is`. */
  noFinding?: NoFindingRule;
  /** True if the label hierarchy decides what it can first, see {@link decideByHierarchy}. */
  hierarchy?: boolean;
  /** 3 if unknown targets are a class of their own, to be trained by a cross entropy over three classes. */
  classes?: 3;
}

const blank = 'zeros';

/**
 * Policies by name.
 *
 * - `u-ignore`, `u-zeros`, `u-ones`, `u-multiclass`, `u-self-trained`: those of the CheXpert paper
 * - `u-zeros-smoothed`, `u-ones-smoothed`: soft targets for uncertain cells (U-Zeros+LSR, U-Ones+LSR)
 * - `u-hierarchy`: the label hierarchy decides what it can, what is left uncertain is unknown
 * - `seed-s1`: uncertain atelectasis and edema are present, the rest absent; `seed-s2`: the same as `u-ignore`;
 *   `seed-original`: three classes, blanks uncertain, and the first implementation's No Finding
 *
 * Blanks are absent unless said otherwise.
 *
 * @see Irvin et al. 2019, arXiv:1901.07031, section 3; Pham et al. 2021, arXiv:1911.06475, for the smoothed ones.
 */
export const labelPolicies: Readonly<Record<string, LabelPolicy>> = {
  'u-ignore': { uncertain: 'ignore', blank },
  'u-zeros': { uncertain: 'zeros', blank },
  'u-ones': { uncertain: 'ones', blank },
  'u-zeros-smoothed': { uncertain: 'smoothed-zeros', blank },
  'u-ones-smoothed': { uncertain: 'smoothed-ones', blank },
  'u-multiclass': { uncertain: 'ignore', blank, classes: 3 },
  'u-self-trained': { uncertain: 'estimate', blank },
  'u-hierarchy': { uncertain: 'ignore', blank, hierarchy: true },
  'seed-s1': {
    uncertain: 'zeros',
    blank,
    byLabel: { Atelectasis: { uncertain: 'ones' }, Edema: { uncertain: 'ones' } },
  },
  'seed-s2': { uncertain: 'ignore', blank },
  'seed-original': { uncertain: 'ignore', blank: 'ignore', classes: 3, noFinding: 'seed' },
};

/** The policy of a name. @throws {InputError} if there is none. */
export function labelPolicy(name: string): LabelPolicy {
  const policy = Object.hasOwn(labelPolicies, name) ? labelPolicies[name] : undefined;
  if (!policy) throw new InputError(`expected a label policy of ${Object.keys(labelPolicies).join(', ')}, got ${name}`);
  return policy;
}

/**
 * A policy with other policies for some labels.
 *
 * @param byLabel label to policy name; only what the policy does with uncertain and blank cells is taken from it.
 */
export function composePolicy(
  name: string,
  { byLabel = {}, noFinding }: { byLabel?: Readonly<Record<string, string>>; noFinding?: NoFindingRule } = {},
): LabelPolicy {
  const policy = labelPolicy(name);
  const rules = Object.entries(byLabel).map(([label, other]) => [label, ruleOf(labelPolicy(other), label)] as const);
  return {
    ...policy,
    ...(rules.length > 0 && { byLabel: { ...policy.byLabel, ...Object.fromEntries(rules) } }),
    ...(noFinding !== undefined && { noFinding }),
  };
}

function ruleOf({ uncertain, blank: unmentioned, byLabel }: LabelPolicy, label: string): LabelRule {
  return { uncertain, blank: unmentioned, ...byLabel?.[label] };
}

/** Targets that a model is trained and scored on, [rows, labels] row by row. */
export interface Targets {
  /** 1 or 0, or in between where the policy softens; NaN where the target is unknown. */
  values: Float32Array;
  /** What became of each label's cells. */
  counts: {
    label: string;
    positives: number;
    negatives: number;
    unknown: number;
    /** Targets between 0 and 1. */
    soft: number;
    uncertainCells: number;
    blankCells: number;
    /** Cells of 0 or 1 that the policy changed. */
    overruled: number;
    /** Uncertain and blank cells that the hierarchy decided, or made unknown. */
    byHierarchy: number;
  }[];
}

export interface PolicyOptions {
  /** For each label the indices of the labels above it; what `hierarchy` policies decide by. */
  ancestors?: readonly (readonly number[])[];
  /** Probabilities of an earlier model, of the same length as the cells; what `estimate` takes. */
  estimates?: ArrayLike<number>;
  /** Of the numbers that smoothed policies draw. Default 0. */
  seed?: number;
  /** 1 for blank cells of labels that nobody looked for, of the length of the cells: their targets stay unknown. */
  notLabelled?: ArrayLike<number>;
}

/**
 * Makes targets of table cells.
 *
 * @param cells [rows, labels] row by row: 1, 0, −1 (uncertain), NaN (blank).
 * @throws {RangeError} if the policy needs ancestors or estimates and has none.
 */
export function applyPolicy(
  cells: ArrayLike<number>,
  labels: readonly string[],
  policy: LabelPolicy,
  { ancestors, estimates, seed = 0, notLabelled }: PolicyOptions = {},
): Targets {
  const n = labels.length;
  if (notLabelled && notLabelled.length !== cells.length)
    throw new RangeError(
      `datasets/applyPolicy: expected a mark for each of ${cells.length} cells, got ${notLabelled.length}; take both from one data set`,
    );
  const rules = labels.map((label) => ruleOf(policy, label));
  if (policy.hierarchy && ancestors === undefined)
    throw new RangeError(
      'datasets/applyPolicy: expected the ancestors of each label, got none; take them from the graph',
    );
  if (rules.some(({ uncertain }) => uncertain === 'estimate') && estimates?.length !== cells.length) {
    throw new RangeError(
      `datasets/applyPolicy: expected an estimate for each of ${cells.length} cells, got ${estimates?.length ?? 'none'}; predict the same rows with an earlier model`,
    );
  }
  const decided = policy.hierarchy ? decideByHierarchy(cells, n, ancestors!) : new Float32Array(cells);
  const draws = new RandomStream({ seed, purpose: 'label-smoothing' });
  const outcome: Record<UncertainRule, (at: number) => number> = {
    zeros: () => 0,
    ones: () => 1,
    ignore: () => NaN,
    'smoothed-zeros': () => 0.3 * draws.uniform(),
    'smoothed-ones': () => 0.55 + 0.3 * draws.uniform(),
    estimate: (at) => estimates![at],
  };
  const values = new Float32Array(decided.length);
  for (let at = 0, label = 0; at < values.length; at++, label = label + 1 === n ? 0 : label + 1) {
    const cell = decided[at];
    if (cell === -1) values[at] = outcome[rules[label].uncertain](at);
    else if (!Number.isNaN(cell)) values[at] = cell;
    else values[at] = notLabelled?.[at] ? NaN : outcome[rules[label].blank](at);
  }
  applyNoFinding(values, cells, labels, policy.noFinding ?? 'as-is');
  return { values, counts: countTargets(cells, decided, values, labels) };
}

/**
 * Decides uncertain and blank cells by the label hierarchy; cells that say 0 or 1 stay. What is above a present label is
 * present; what is below an absent label is absent; and a blank above an uncertain label is uncertain, too, for it cannot
 * be absent while what implies it may be there. An uncertain label below a present one stays uncertain.
 *
 * @param cells [rows, labels] row by row: 1, 0, −1 (uncertain), NaN (blank).
 * @param ancestors for each label the indices of the labels above it.
 */
export function decideByHierarchy(
  cells: ArrayLike<number>,
  labels: number,
  ancestors: readonly (readonly number[])[],
): Float32Array {
  const decided = new Float32Array(cells);
  const isOpen = (value: number): boolean => value === -1 || Number.isNaN(value);
  for (let start = 0; start < decided.length; start += labels) {
    const row = decided.subarray(start, start + labels);
    ancestors.forEach((above, i) => {
      if (row[i] === 1) for (const one of above) if (isOpen(row[one])) row[one] = 1;
    });
    ancestors.forEach((above, i) => {
      if (isOpen(row[i]) && above.some((one) => row[one] === 0)) row[i] = 0;
    });
    ancestors.forEach((above, i) => {
      if (row[i] === -1) for (const one of above) if (Number.isNaN(row[one])) row[one] = -1;
    });
  }
  return decided;
}

function applyNoFinding(
  values: Float32Array,
  cells: ArrayLike<number>,
  labels: readonly string[],
  rule: NoFindingRule,
): void {
  const place = labels.findIndex((label) => /^(no[ _]finding|normal)$/i.test(label));
  if (place < 0 || rule === 'as-is') return;
  const n = labels.length;
  const others = labels.flatMap((label, i) => (i === place || /^support[ _]devices?$/i.test(label) ? [] : [i]));
  const seed = rule === 'seed' ? seedThreeClassTargets(cells, labels) : undefined;
  for (let start = 0; start < values.length; start += n) {
    const at = start + place;
    const isPresent = others.some((i) => values[start + i] === 1);
    if (seed) values[at] = seed[at] === threeClass.uncertain ? NaN : 1 - seed[at];
    else if (isPresent) values[at] = 0;
    else if (rule === 'derived') values[at] = others.every((i) => values[start + i] === 0) ? 1 : NaN;
  }
}

function countTargets(
  cells: ArrayLike<number>,
  decided: Float32Array,
  values: Float32Array,
  labels: readonly string[],
): Targets['counts'] {
  const counts = labels.map((label) => ({
    label,
    positives: 0,
    negatives: 0,
    unknown: 0,
    soft: 0,
    uncertainCells: 0,
    blankCells: 0,
    overruled: 0,
    byHierarchy: 0,
  }));
  const differ = (a: number, b: number): boolean => a !== b && !(Number.isNaN(a) && Number.isNaN(b));
  for (let at = 0, label = 0; at < values.length; at++, label = label + 1 === labels.length ? 0 : label + 1) {
    const count = counts[label];
    const cell = cells[at];
    const value = values[at];
    if (cell === -1) count.uncertainCells++;
    else if (Number.isNaN(cell)) count.blankCells++;
    else if (value !== cell) count.overruled++;
    if (differ(Math.fround(cell), decided[at])) count.byHierarchy++;
    if (Number.isNaN(value)) count.unknown++;
    else if (value === 1) count.positives++;
    else if (value === 0) count.negatives++;
    else count.soft++;
  }
  return counts;
}

/** Targets that can be scored: soft ones are unknown. */
export function hardTargets(values: Float32Array): Float32Array {
  return values.map((value) => (value === 0 || value === 1 ? value : NaN));
}
