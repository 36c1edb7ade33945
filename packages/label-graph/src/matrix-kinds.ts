import {
  conditionalProbabilities,
  countCooccurrence,
  countNodes,
  jaccardIndices,
  phiCoefficients,
  pointwiseMutualInformation,
} from './cooccurrence.js';
import type { LabelGraph } from './label-graph.js';
import { closureMatrix, lcaDepths, lin, pathDistances, wuPalmer, type LabelMatrix } from './matrices.js';

/** Matrices that follow from the hierarchy alone, by name. */
const fromHierarchy = {
  'path-distance': pathDistances,
  'lca-depth': lcaDepths,
  'wu-palmer': wuPalmer,
  closure: closureMatrix,
} as const satisfies Record<string, (graph: LabelGraph) => LabelMatrix>;

type Counter = (graph: LabelGraph, cells: ArrayLike<number>) => LabelMatrix;
const together =
  (measure: (counts: ReturnType<typeof countCooccurrence>) => LabelMatrix): Counter =>
  ({ labels }, cells) =>
    measure(countCooccurrence(cells, labels));

/** Matrices that are counted from a table, by name. */
const fromTable = {
  lin: (graph, cells) => lin(graph, countNodes(cells, graph)),
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
  return kind in fromTable;
}

/**
 * A matrix of the labels by its name.
 *
 * @param cells what a table says, [rows, labels] row by row in the graph's label order; needed by the counted ones.
 * @throws {RangeError} if a counted matrix is asked for without cells, or if they do not fill rows.
 */
export function labelMatrix(kind: MatrixKind, graph: LabelGraph, cells?: ArrayLike<number>): LabelMatrix {
  if (!isCounted(kind)) return fromHierarchy[kind](graph);
  if (!cells) throw new RangeError(`label-graph/labelMatrix: expected cells of a table for ${kind}, got none`);
  if (cells.length % graph.labels.length !== 0) {
    throw new RangeError(
      `label-graph/labelMatrix: expected rows of ${graph.labels.length} cells, got ${cells.length} cells; order the columns as the graph's labels`,
    );
  }
  return fromTable[kind](graph, cells);
}
