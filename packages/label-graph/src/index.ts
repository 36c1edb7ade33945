export { LabelGraph, rootName, type LabelNode } from './label-graph.js';
export {
  LabelGraphError,
  type LabelDefinition,
  type LabelGraphDefinition,
  type LabelGraphFault,
  type LabelPrompts,
} from './definition.js';
export { labelSet, labelSetFor, labelSetNames } from './label-sets.js';
export { findFinding, findingOf, findings, type Finding } from './findings.js';
export { parseLabelGraph } from './parse.js';
export { labelGraphFromPaths, labelsInPaths } from './paths.js';
export {
  labelGraphFormat,
  labelGraphFormats,
  readLabelGraph,
  writeLabelGraph,
  type LabelGraphFormat,
} from './graph-files.js';
export { draftLabelGraph, type LabelGraphDraft } from './draft.js';
export { fitToColumns, matchColumns, type ColumnMatch } from './match-columns.js';
export {
  givingColumns,
  givingLabels,
  mapCells,
  mapLabels,
  mapProbabilities,
  type Crosswalk,
  type LabelRelation,
  type LabelSource,
  type MappedScores,
} from './crosswalk.js';
export { normalizeLabel } from './normalize-label.js';
export {
  closureMatrix,
  depths,
  lcaDepths,
  lin,
  pathDistances,
  pathSimilarity,
  relatedMatrix,
  wuPalmer,
  type LabelMatrix,
  type NodeCounts,
} from './matrices.js';
export {
  conditionalProbabilities,
  countCooccurrence,
  countNodes,
  jaccardIndices,
  phiCoefficients,
  pointwiseMutualInformation,
  type Cooccurrence,
} from './cooccurrence.js';
export {
  isCounted,
  labelMatrix,
  matrixKinds,
  type CountedMatrixKind,
  type HierarchyMatrixKind,
  type MatrixKind,
} from './matrix-kinds.js';
export {
  blendMatrices,
  matrixNormalizations,
  normalizeMatrix,
  symmetrize,
  type MatrixNormalization,
} from './normalize-matrix.js';
export { closeTargets, coherentProbabilities, violationRate, type ClosureResult } from './consistency.js';
export { drawTree } from './draw-tree.js';
