import {
  applyPolicy,
  composePolicy,
  hardTargets,
  type Dataset,
  type LabelPolicy,
  type LabelRule,
  type Targets,
} from '@cxr-align/datasets';
import { InputError } from '@cxr-align/files';
import { closeTargets, type LabelGraph } from '@cxr-align/label-graph';
import type { Config } from '../config/config.js';
import { ancestorIndices } from '../labels/label-knowledge.js';

type PolicyKeys = Pick<Config, 'labelPolicy' | 'labelPolicyByLabel' | 'noFinding'>;

/** The label policy of a configuration. */
export function policyOf({ labelPolicy, labelPolicyByLabel, noFinding }: PolicyKeys): LabelPolicy {
  return composePolicy(labelPolicy, {
    byLabel: labelPolicyByLabel,
    ...(noFinding !== 'policy' && { noFinding }),
  });
}

/** Whether uncertain labels take the probability of an earlier model. */
export function needsTeacher(config: PolicyKeys): boolean {
  const { uncertain, byLabel = {} } = policyOf(config);
  return uncertain === 'estimate' || Object.values(byLabel).some((rule) => rule.uncertain === 'estimate');
}

/** What a model is trained on, and sentences about what became of the table. */
export interface TrainingTargets {
  values: Float32Array;
  remarks: string[];
  /** Cells that closing the labels under the graph changed; null where that was not asked for. */
  closedCells: number | null;
}

/**
 * Training targets: labels closed under the graph if asked for, then the label policy.
 *
 * @param estimates probabilities of an earlier model for each cell, where the policy takes them.
 * @throws {InputError} if the policy names a label that the data lacks.
 */
export function trainingTargets(
  config: Config,
  dataset: Dataset,
  graph: LabelGraph,
  estimates?: Float32Array,
): TrainingTargets {
  const strange = Object.keys(config.labelPolicyByLabel).filter((label) => !dataset.labels.includes(label));
  if (strange.length > 0) {
    throw new InputError(
      `expected labels of the data in labelPolicyByLabel (${dataset.labels.join(', ')}), got ${strange.join(', ')}`,
    );
  }
  const remarks: string[] = [];
  let { cells } = dataset;
  let closedCells: number | null = null;
  if (config.closeLabels) {
    const closed = closeTargets(cells, graph);
    cells = closed.values;
    closedCells = closed.changed;
    const rows = new Set(closed.conflicts.map(({ row }) => row)).size;
    remarks.push(
      `closing labels under the graph changed ${closed.changed} of ${cells.length} cells; ${rows} rows had a present child of an absent parent`,
    );
  }
  const { values, counts } = applyPolicy(cells, dataset.labels, policyOf(config), {
    ancestors: ancestorIndices(graph),
    estimates,
    seed: config.seed,
    notLabelled: dataset.notLabelled,
  });
  return { values, remarks: [...remarks, ...policyRemarks(counts)], closedCells };
}

function policyRemarks(counts: Targets['counts']): string[] {
  const sum = (key: 'uncertainCells' | 'unknown' | 'soft' | 'overruled' | 'byHierarchy'): number =>
    counts.reduce((total, count) => total + count[key], 0);
  const said = [
    sum('soft') > 0 && `${sum('soft')} soft targets`,
    sum('byHierarchy') > 0 && `${sum('byHierarchy')} cells decided by the hierarchy`,
    sum('overruled') > 0 && `${sum('overruled')} cells of 0 or 1 overruled`,
  ].filter((one) => one !== false);
  if (sum('uncertainCells') === 0 && said.length === 0) return [];
  return [
    `label policy: of ${sum('uncertainCells')} uncertain cells and the blanks ${sum('unknown')} targets stay unknown${said.map((one) => `, ${one}`).join('')}`,
  ];
}

/**
 * Targets that a model is scored against, [samples, labels] row by row: 1, 0, NaN where unknown. The policy is that of
 * training, but what it softens or estimates is unknown here.
 */
export function truthOf(
  dataset: Pick<Dataset, 'cells' | 'labels' | 'notLabelled'>,
  config: PolicyKeys,
  graph: LabelGraph,
): Float32Array {
  const policy = policyOf(config);
  const hard = <R extends Partial<LabelRule>>(rule: R): R =>
    rule.uncertain === 'zeros' || rule.uncertain === 'ones' || rule.uncertain === undefined
      ? rule
      : { ...rule, uncertain: 'ignore' as const };
  const byLabel = Object.fromEntries(
    Object.entries(policy.byLabel ?? {}).map(([label, rule]) => [label, hard(rule)] as const),
  );
  const { values } = applyPolicy(
    dataset.cells,
    dataset.labels,
    { ...hard(policy), byLabel },
    {
      ancestors: ancestorIndices(graph),
      notLabelled: dataset.notLabelled,
    },
  );
  return hardTargets(values);
}
