import { wuPalmer, type LabelGraph } from '@cxr-align/label-graph';
import { upperTriangle, mantelTest, spearman } from '@cxr-align/metrics';
import type { Evaluation } from './evaluation-schema.js';
import { orNull } from './maybe-number.js';

/** How well label embeddings follow the label graph: cosines between them against the similarity in the hierarchy. */
export type GraphAgreement = NonNullable<Evaluation['graphAgreement']['images']>;

/**
 * The agreement of mean cosines between label embeddings with Wu-Palmer similarity; all null for a graph in which every
 * pair of labels is equally similar.
 *
 * @param cosines [labels, labels] row by row.
 */
export function graphAgreement(cosines: ArrayLike<number>, graph: LabelGraph, seed: number): GraphAgreement {
  const target = wuPalmer(graph).values;
  const size = graph.labels.length;
  const { correlation, p, permutations } = mantelTest(cosines, target, size, { seed });
  return {
    spearman: orNull(spearman(upperTriangle(cosines, size), upperTriangle(target, size))),
    mantel: orNull(correlation),
    mantelP: orNull(p),
    permutations,
  };
}

/** For each edge of the graph the parent's targets where the child is present. */
export interface EdgeCount {
  child: string;
  parent: string;
  childPresent: number;
  parentPresent: number;
  parentAbsent: number;
  parentUnknown: number;
}

/** Whether labels follow their hierarchy. @param targets [rows, labels] row by row in label order: 1, 0, NaN. */
export function countEdges(targets: ArrayLike<number>, graph: LabelGraph): EdgeCount[] {
  const n = graph.labels.length;
  return graph.labelEdges().map(({ parent, child }) => {
    const [above, below] = [graph.labels.indexOf(parent), graph.labels.indexOf(child)];
    const count = { child, parent, childPresent: 0, parentPresent: 0, parentAbsent: 0, parentUnknown: 0 };
    for (let start = 0; start < targets.length; start += n) {
      if (targets[start + below] !== 1) continue;
      count.childPresent++;
      const value = targets[start + above];
      if (value === 1) count.parentPresent++;
      else if (value === 0) count.parentAbsent++;
      else count.parentUnknown++;
    }
    return count;
  });
}
