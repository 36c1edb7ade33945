import { applyPolicy, labelPolicies, type Annotations, type Dataset } from '@cxr-align/datasets';
import { InputError } from '@cxr-align/files';
import type { LabelGraph } from '@cxr-align/label-graph';
import { ancestorIndices, graphFor, refuseUnknownOptions } from '@cxr-align/training';

/** Which targets are computed. */
export interface PolicyTargetsOptions {
  dataset: Dataset;
  /** Name of a label policy that needs no earlier model. */
  policy: string;
  /** The hierarchy of its labels; by its label names unless given. */
  graph?: LabelGraph;
  /** Random seed of policies that draw soft targets. Default 0. */
  seed?: number;
}

/**
 * The targets of a data set by a label policy.
 *
 * @returns the targets as annotations, NaN where unknown, and how many are unknown.
 * @throws {InputError} for an unknown policy, or one that needs an earlier model.
 * @throws {TypeError} for an unknown option.
 */
export function policyTargets(options: PolicyTargetsOptions): { annotations: Annotations; unknown: number } {
  refuseUnknownOptions('curation/policyTargets', options, ['dataset', 'policy', 'graph', 'seed']);
  const { dataset, policy: name, graph = graphFor('auto', dataset), seed = 0 } = options;
  const known = Object.entries(labelPolicies).flatMap(([one, { uncertain }]) =>
    uncertain === 'estimate' ? [] : [one],
  );
  if (!known.includes(name)) throw new InputError(`expected a label policy of ${known.join(', ')}, got ${name}`);
  const { labels } = dataset.annotations;
  const { values, counts } = applyPolicy(dataset.annotations, labelPolicies[name], {
    ancestors: ancestorIndices(graph),
    seed,
  });
  return { annotations: { labels, values }, unknown: counts.reduce((sum, count) => sum + count.unknown, 0) };
}
