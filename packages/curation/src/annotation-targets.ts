import { labelPolicies, needsEstimates, scoredTargets, type Dataset } from '@cxr-align/datasets';
import { InputError } from '@cxr-align/files';
import type { LabelGraph } from '@cxr-align/label-graph';
import { ancestorIndices } from '@cxr-align/training';

/** For each label of an order the places of the labels above it. */
export function ancestorsIn(labels: readonly string[], graph: LabelGraph): number[][] {
  const above = ancestorIndices(graph);
  const place = new Map(labels.map((label, at) => [label, at]));
  return labels.map((label) => {
    const at = graph.labels.indexOf(label);
    return at < 0 ? [] : above[at].flatMap((other) => place.get(graph.labels[other]) ?? []);
  });
}

/**
 * Targets in which what is annotated as present or absent stays, and a label policy decides what is uncertain or blank.
 *
 * @returns [images, labels] row by row: 1, 0, NaN where unknown.
 * @throws {InputError} for an unknown policy, or one that needs an earlier model.
 */
export function annotationTargets(
  { annotations }: Pick<Dataset, 'annotations'>,
  policy: string,
  graph: LabelGraph,
): Float32Array {
  const usable = Object.keys(labelPolicies).filter((one) => !needsEstimates(labelPolicies[one]));
  if (!usable.includes(policy))
    throw new InputError(`expected a label policy of ${usable.join(', ')}, got ${policy}; choose one of these`);
  const { labels, values } = annotations;
  const decided = scoredTargets(annotations, labelPolicies[policy], { ancestors: ancestorsIn(labels, graph) });
  return decided.map((value, at) => (values[at] === 0 || values[at] === 1 ? values[at] : value));
}
