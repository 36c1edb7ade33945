import { InputError } from '@cxr-align/files';

/** What becomes of uncertain (−1) and unmentioned (blank) labels. */
export interface LabelPolicy {
  /** `zeros`: absent, `ones`: present, `ignore`: unknown, left out of loss and metrics. */
  uncertain: 'zeros' | 'ones' | 'ignore';
  blank: 'zeros' | 'ignore';
  /** Labels whose uncertain cells are treated otherwise. */
  exceptions?: Readonly<Record<string, LabelPolicy['uncertain']>>;
}

/**
 * Policies by name: `u-zeros`, `u-ones`, `u-ignore` of the CheXpert paper, and the seed method's two: `seed-s1` (uncertain
 * atelectasis and edema are present, the rest absent) and `seed-s2` (= `u-ignore`).
 *
 * @see Irvin et al. 2019, arXiv:1901.07031, section 3.
 */
export const labelPolicies: Readonly<Record<string, LabelPolicy>> = {
  'u-ignore': { uncertain: 'ignore', blank: 'zeros' },
  'u-zeros': { uncertain: 'zeros', blank: 'zeros' },
  'u-ones': { uncertain: 'ones', blank: 'zeros' },
  'seed-s1': { uncertain: 'zeros', blank: 'zeros', exceptions: { Atelectasis: 'ones', Edema: 'ones' } },
  'seed-s2': { uncertain: 'ignore', blank: 'zeros' },
};

/** Targets that a model is trained and scored on, [rows, labels] row by row. */
export interface Targets {
  /** 1 or 0; NaN where the target is unknown. */
  values: Float32Array;
  /** For each label: how many cells were uncertain, how many blank, and how many targets are unknown now. */
  counts: {
    label: string;
    positives: number;
    negatives: number;
    unknown: number;
    uncertainCells: number;
    blankCells: number;
  }[];
}

/** The policy of a name. @throws {InputError} if there is none. */
export function labelPolicy(name: string): LabelPolicy {
  const policy = labelPolicies[name];
  if (!policy) throw new InputError(`expected a label policy of ${Object.keys(labelPolicies).join(', ')}, got ${name}`);
  return policy;
}

/**
 * Makes targets of table cells.
 *
 * @param cells [rows, labels] row by row: 1, 0, −1 (uncertain), NaN (blank).
 */
export function applyPolicy(cells: ArrayLike<number>, labels: readonly string[], policy: LabelPolicy): Targets {
  const outcome = { zeros: 0, ones: 1, ignore: NaN } as const;
  const uncertain = labels.map((label) => outcome[policy.exceptions?.[label] ?? policy.uncertain]);
  const blank = outcome[policy.blank];
  const counts = labels.map((label) => ({
    label,
    positives: 0,
    negatives: 0,
    unknown: 0,
    uncertainCells: 0,
    blankCells: 0,
  }));
  const values = Float32Array.from(cells, (cell, at) => {
    const i = at % labels.length;
    const value = cell === -1 ? uncertain[i] : Number.isNaN(cell) ? blank : cell;
    if (cell === -1) counts[i].uncertainCells++;
    if (Number.isNaN(cell)) counts[i].blankCells++;
    if (Number.isNaN(value)) counts[i].unknown++;
    else if (value === 1) counts[i].positives++;
    else counts[i].negatives++;
    return value;
  });
  return { values, counts };
}
