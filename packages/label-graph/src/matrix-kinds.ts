import {
  conditionalProbabilities,
  countCooccurrence,
  countNodes,
  jaccardIndices,
  phiCoefficients,
  pointwiseMutualInformation,
} from './cooccurrence.js';
import { checkRows } from './check-rows.js';
import type { LabelGraph } from './label-graph.js';
import { closureMatrix, lcaDepths, lin, pathDistances, wuPalmer, type LabelMatrix } from './matrices.js';
import { didYouMean } from './nearest-name.js';

/** Matrices that follow from the hierarchy alone, by name. */
const fromHierarchy = {
  'path-distance': pathDistances,
  'lca-depth': lcaDepths,
  'wu-palmer': wuPalmer,
  closure: closureMatrix,
} as const satisfies Record<string, (graph: LabelGraph) => LabelMatrix>;

type Counter = (graph: LabelGraph, annotations: ArrayLike<number>) => LabelMatrix;
const together =
  (measure: (counts: ReturnType<typeof countCooccurrence>) => LabelMatrix): Counter =>
  ({ labels }, annotations) =>
    measure(countCooccurrence(annotations, labels));

/** Matrices that are counted from a table, by name. */
const fromTable = {
  lin: (graph, annotations) => lin(graph, countNodes(annotations, graph)),
  'co-occurrence': together((counts) => counts),
  conditional: together(conditionalProbabilities),
  phi: together(phiCoefficients),
  pmi: together(pointwiseMutualInformation),
  jaccard: together(jaccardIndices),
} as const satisfies Record<string, Counter>;

/** The names of the matrices that follow from the hierarchy. */
export type HierarchyMatrixKind = keyof typeof fromHierarchy;
/** The names of the matrices that a table is counted for. */
export type CountedMatrixKind = keyof typeof fromTable;
export type MatrixKind = HierarchyMatrixKind | CountedMatrixKind;

/** The names of all matrices. */
export const matrixKinds = [...Object.keys(fromHierarchy), ...Object.keys(fromTable)] as readonly MatrixKind[];

/** Whether a matrix is counted from a table. */
export function isCounted(kind: MatrixKind): kind is CountedMatrixKind {
  return Object.hasOwn(fromTable, kind);
}

/**
 * A matrix of the labels by its name.
 *
 * @param annotations of a table, [rows, labels] row by row in the graph's label order; needed by the counted ones.
 * @throws {RangeError} on an unknown kind, if a counted one has no annotations, or if they do not fill rows.
 */
export function labelMatrix(kind: MatrixKind, graph: LabelGraph, annotations?: ArrayLike<number>): LabelMatrix {
  const where = 'label-graph/labelMatrix';
  if (!matrixKinds.includes(kind)) {
    throw new RangeError(
      `${where}: expected a kind of ${matrixKinds.join(', ')}, got ${JSON.stringify(kind)}; ${didYouMean(String(kind), matrixKinds)}choose one of these`,
    );
  }
  if (!isCounted(kind)) return fromHierarchy[kind](graph);
  if (annotations === undefined) {
    throw new RangeError(`${where}: expected annotations to count ${kind} from, got none; pass those of a table`);
  }
  checkRows(where, 'annotations', annotations, graph.labels);
  return fromTable[kind](graph, annotations);
}
