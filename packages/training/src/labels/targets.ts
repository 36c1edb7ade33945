import {
  applyPolicy,
  composePolicy,
  describeTargets,
  needsEstimates,
  scoredTargets,
  type Dataset,
  type LabelPolicy,
} from '@cxr-align/datasets';
import { InputError } from '@cxr-align/files';
import { propagateToAncestors, type LabelGraph } from '@cxr-align/label-graph';
import type { Config } from '../config/config.js';
import { ancestorIndices } from './label-knowledge.js';

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
  return needsEstimates(policyOf(config));
}

/** What a model is trained on, and sentences about what became of the table. */
export interface TrainingTargets {
  values: Float32Array;
  remarks: string[];
  /** Annotations that propagation to ancestors changed; null where it is off. */
  propagatedAnnotations: number | null;
}

/**
 * Training targets: labels propagated to their ancestors if configured, then the label policy.
 *
 * @param estimates probabilities of an earlier model for each annotation, where the policy takes them.
 * @throws {InputError} if the policy names a label that the data lacks.
 */
export function trainingTargets(
  config: Config,
  dataset: Dataset,
  graph: LabelGraph,
  estimates?: Float32Array,
): TrainingTargets {
  const strange = Object.keys(config.labelPolicyByLabel).filter((label) => !dataset.annotations.labels.includes(label));
  if (strange.length > 0) {
    throw new InputError(
      `expected labels of the data in labelPolicyByLabel (${dataset.annotations.labels.join(', ')}), got ${strange.join(', ')}`,
    );
  }
  const remarks: string[] = [];
  let { annotations } = dataset;
  let propagatedAnnotations: number | null = null;
  if (config.propagateToAncestors) {
    const propagated = propagateToAncestors(annotations.values, graph);
    annotations = { ...annotations, values: propagated.values };
    propagatedAnnotations = propagated.changed;
    const rows = new Set(propagated.conflicts.map(({ row }) => row)).size;
    remarks.push(
      `propagating labels to their ancestors changed ${propagated.changed} of ${annotations.values.length} annotations; ${rows} rows had a present child of an absent parent`,
    );
  }
  const targets = applyPolicy(annotations, policyOf(config), {
    ancestors: ancestorIndices(graph),
    estimates,
    seed: config.seed,
  });
  return { values: targets.values, remarks: [...remarks, ...describeTargets(targets)], propagatedAnnotations };
}

/**
 * Targets that a model is scored against, [samples, labels] row by row: 1, 0, NaN where unknown. The policy is that of
 * training, but what it softens or estimates is unknown here.
 */
export function truthOf(dataset: Pick<Dataset, 'annotations'>, config: PolicyKeys, graph: LabelGraph): Float32Array {
  return scoredTargets(dataset.annotations, policyOf(config), { ancestors: ancestorIndices(graph) });
}
