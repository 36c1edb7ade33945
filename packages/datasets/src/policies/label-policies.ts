import { InputError } from '@cxr-align/files';

/**
 * What becomes of an uncertain annotation (−1): `zeros` absent, `ones` present, `ignore` unknown, excluded from loss and metrics;
 * `smoothed-zeros` and `smoothed-ones` a number drawn evenly from [0, 0.3] and [0.55, 0.85]; `estimate` the probability
 * that an earlier model gave.
 */
export type UncertainRule = 'zeros' | 'ones' | 'ignore' | 'smoothed-zeros' | 'smoothed-ones' | 'estimate';

/** What becomes of the annotations of a label that are neither present nor absent. */
export interface LabelRule {
  uncertain: UncertainRule;
  /** A label that is not mentioned: absent, or unknown. */
  blank: 'zeros' | 'ignore';
}

/**
 * What No Finding is: `as-is` as its column has it; `exclusive` absent wherever another finding is present; `derived` from
 * the others alone: present where all are absent, absent where one is present, else unknown; `reference` absent as soon as
 * another label is mentioned after it, as the first implementation has it. Support devices are no finding.
 */
export type NoFindingRule = 'as-is' | 'exclusive' | 'derived' | 'reference';

/** The names of the rules that a run may choose. */
export const noFindingRules = ['as-is', 'exclusive', 'derived'] as const satisfies readonly NoFindingRule[];

/** How annotations become targets. */
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
 * - `u-zeros-smoothed`, `u-ones-smoothed`: soft targets for uncertain annotations (U-Zeros+LSR, U-Ones+LSR)
 * - `u-hierarchy`: the label hierarchy decides what it can, what is left uncertain is unknown
 * - `reference-s1`: uncertain atelectasis and edema are present, the rest absent; `reference-s2`: the same as `u-ignore`;
 *   `reference-original`: three classes, blanks uncertain, and the first implementation's No Finding
 *
 * Blanks are absent unless noted otherwise.
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
  'reference-s1': {
    uncertain: 'zeros',
    blank,
    byLabel: { Atelectasis: { uncertain: 'ones' }, Edema: { uncertain: 'ones' } },
  },
  'reference-s2': { uncertain: 'ignore', blank },
  'reference-original': { uncertain: 'ignore', blank: 'ignore', classes: 3, noFinding: 'reference' },
};

/** The policy of a name. @throws {InputError} if there is none. */
export function labelPolicy(name: string): LabelPolicy {
  const policy = Object.hasOwn(labelPolicies, name) ? labelPolicies[name] : undefined;
  if (!policy)
    throw new InputError(
      `expected a label policy of ${Object.keys(labelPolicies).join(', ')}, got ${name}; choose one of them`,
    );
  return policy;
}

/**
 * A policy with other policies for some labels.
 *
 * @param byLabel label to policy name; only what the policy does with uncertain and blank annotations is taken from it.
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

/** What a policy does with a label. */
export function ruleOf({ uncertain, blank: unmentioned, byLabel }: LabelPolicy, label: string): LabelRule {
  return { uncertain, blank: unmentioned, ...byLabel?.[label] };
}

/** Whether a policy takes the probabilities of an earlier model for uncertain annotations. */
export function needsEstimates({ uncertain, byLabel = {} }: LabelPolicy): boolean {
  return uncertain === 'estimate' || Object.values(byLabel).some((rule) => rule.uncertain === 'estimate');
}

/** A policy whose targets can be scored: what it softens or estimates is unknown. */
export function hardPolicy(policy: LabelPolicy): LabelPolicy {
  const hard = <R extends Partial<LabelRule>>(rule: R): R =>
    rule.uncertain === 'zeros' || rule.uncertain === 'ones' || rule.uncertain === undefined
      ? rule
      : { ...rule, uncertain: 'ignore' as const };
  const byLabel = Object.entries(policy.byLabel ?? {}).map(([label, rule]) => [label, hard(rule)] as const);
  return { ...hard(policy), byLabel: Object.fromEntries(byLabel) };
}
