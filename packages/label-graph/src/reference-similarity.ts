import type { LabelGraph } from './label-graph.js';
import { pathDistances, type LabelMatrix } from './matrices.js';
import { normalizeMatrix, symmetrize } from './normalize-matrix.js';

/**
 * The similarity of the method's first implementation: inverse path distances (0 on the diagonal), rows of length 1, made
 * symmetric by the mean with the transpose.
 */
export function referenceSimilarity(graph: LabelGraph): LabelMatrix {
  const inverse = normalizeMatrix(pathDistances(graph), 'inverse');
  return symmetrize(normalizeMatrix(inverse, 'row-l2'));
}
