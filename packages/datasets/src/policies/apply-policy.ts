import { RandomStream } from '@cxr-align/random';
import type { AnnotationsLike } from '../annotations.js';
import { decideByHierarchy } from './hierarchy.js';
import { hardPolicy, ruleOf, type LabelPolicy, type NoFindingRule, type UncertainRule } from './label-policies.js';
import { referenceThreeClassTargets, threeClass } from './three-class.js';

/** Targets that a model is trained and scored on. */
export interface Targets {
  labels: readonly string[];
  /** [rows, labels] row by row: 1 or 0, or in between where the policy softens; NaN where the target is unknown. */
  values: Float32Array;
  /** What became of each label's annotations. */
  counts: {
    label: string;
    positives: number;
    negatives: number;
    unknown: number;
    /** Targets between 0 and 1. */
    soft: number;
    /** Annotations that were uncertain, and blank. */
    uncertain: number;
    blank: number;
    /** Annotations of 0 or 1 that the policy changed. */
    overruled: number;
    /** Uncertain and blank annotations that the hierarchy decided, or made unknown. */
    byHierarchy: number;
  }[];
}

export interface PolicyOptions {
  /** For each label the indices of the labels above it; what `hierarchy` policies decide by. */
  ancestors?: readonly (readonly number[])[];
  /** Probabilities of an earlier model, of the length of the annotations; what `estimate` takes. */
  estimates?: ArrayLike<number>;
  /** Of the numbers that smoothed policies draw. Default 0. */
  seed?: number;
}

/**
 * Makes targets of annotations; those of labels that were not examined stay unknown under every policy.
 *
 * @throws {RangeError} if the policy needs ancestors or estimates and has none.
 */
export function applyPolicy(
  annotations: AnnotationsLike,
  policy: LabelPolicy,
  { ancestors, estimates, seed = 0 }: PolicyOptions = {},
): Targets {
  const { labels, values: given, notLabelled } = annotations;
  const n = labels.length;
  if (notLabelled && notLabelled.length !== given.length)
    throw new RangeError(
      `datasets/applyPolicy: expected a mark for each of ${given.length} values, got ${notLabelled.length}; take both from one data set`,
    );
  const rules = labels.map((label) => ruleOf(policy, label));
  if (policy.hierarchy && ancestors === undefined)
    throw new RangeError(
      'datasets/applyPolicy: expected the ancestors of each label, got none; take them from the graph',
    );
  if (rules.some(({ uncertain }) => uncertain === 'estimate') && estimates?.length !== given.length) {
    throw new RangeError(
      `datasets/applyPolicy: expected an estimate for each of ${given.length} annotations, got ${estimates?.length ?? 'none'}; predict the same rows with an earlier model`,
    );
  }
  const decided = policy.hierarchy ? decideByHierarchy(annotations, ancestors!) : new Float32Array(given);
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
    const value = decided[at];
    if (value === -1) values[at] = outcome[rules[label].uncertain](at);
    else if (!Number.isNaN(value)) values[at] = value;
    else values[at] = notLabelled?.[at] ? NaN : outcome[rules[label].blank](at);
  }
  applyNoFinding(values, annotations, policy.noFinding ?? 'as-is');
  return { labels, values, counts: countTargets(annotations, decided, values) };
}

function applyNoFinding(values: Float32Array, annotations: AnnotationsLike, rule: NoFindingRule): void {
  const { labels } = annotations;
  const place = labels.findIndex((label) => /^(no[ _]finding|normal)$/i.test(label));
  if (place < 0 || rule === 'as-is') return;
  const n = labels.length;
  const others = labels.flatMap((label, i) => (i === place || /^support[ _]devices?$/i.test(label) ? [] : [i]));
  const reference = rule === 'reference' ? referenceThreeClassTargets(annotations) : undefined;
  for (let start = 0; start < values.length; start += n) {
    const at = start + place;
    const isPresent = others.some((i) => values[start + i] === 1);
    if (reference) values[at] = reference[at] === threeClass.uncertain ? NaN : 1 - reference[at];
    else if (isPresent) values[at] = 0;
    else if (rule === 'derived') values[at] = others.every((i) => values[start + i] === 0) ? 1 : NaN;
  }
}

function countTargets(
  { labels, values: given }: AnnotationsLike,
  decided: Float32Array,
  values: Float32Array,
): Targets['counts'] {
  const counts = labels.map((label) => ({
    label,
    positives: 0,
    negatives: 0,
    unknown: 0,
    soft: 0,
    uncertain: 0,
    blank: 0,
    overruled: 0,
    byHierarchy: 0,
  }));
  const differ = (a: number, b: number): boolean => a !== b && !(Number.isNaN(a) && Number.isNaN(b));
  for (let at = 0, label = 0; at < values.length; at++, label = label + 1 === labels.length ? 0 : label + 1) {
    const count = counts[label];
    const annotation = given[at];
    const value = values[at];
    if (annotation === -1) count.uncertain++;
    else if (Number.isNaN(annotation)) count.blank++;
    else if (value !== annotation) count.overruled++;
    if (differ(Math.fround(annotation), decided[at])) count.byHierarchy++;
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

/**
 * Targets that a model is scored against, [rows, labels] row by row: 1, 0, NaN where unknown. The policy is that of
 * training, but what it softens or estimates is unknown here.
 */
export function scoredTargets(
  annotations: AnnotationsLike,
  policy: LabelPolicy,
  { ancestors }: Pick<PolicyOptions, 'ancestors'> = {},
): Float32Array {
  return hardTargets(applyPolicy(annotations, hardPolicy(policy), { ancestors }).values);
}

/** What a policy did, in a line; none where there was nothing to decide. */
export function describeTargets({ counts }: Pick<Targets, 'counts'>): string[] {
  const sum = (key: 'uncertain' | 'unknown' | 'soft' | 'overruled' | 'byHierarchy'): number =>
    counts.reduce((total, count) => total + count[key], 0);
  const parts = [
    sum('soft') > 0 && `${sum('soft')} soft targets`,
    sum('byHierarchy') > 0 && `${sum('byHierarchy')} annotations decided by the hierarchy`,
    sum('overruled') > 0 && `${sum('overruled')} annotations of 0 or 1 overruled`,
  ].filter((one) => one !== false);
  if (sum('uncertain') === 0 && parts.length === 0) return [];
  return [
    `label policy: of ${sum('uncertain')} uncertain annotations and the blanks ${sum('unknown')} targets stay unknown${parts.map((one) => `, ${one}`).join('')}`,
  ];
}
