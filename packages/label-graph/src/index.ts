export { defaultRoot, LabelGraph, type LabelNode } from './label-graph.js';
export {
  LabelGraphError,
  type FindingDefinition,
  type LabelDefinition,
  type LabelGraphDefinition,
  type LabelGraphFault,
  type LabelPrompts,
} from './definition.js';
export { readLabelGraphDefinition } from './read-definition.js';
export { labelSet, labelSetFor, labelSetNames, registerLabelSet } from './label-sets.js';
export { findings, standardVocabulary, Vocabulary, type Finding, type LabelWords } from './vocabulary.js';
export { ConceptGraph } from './concept-graph.js';
export { labelGraphFromPaths, labelsInPaths } from './paths.js';
export { fitToColumns, matchColumns, type ColumnMatch } from './match-columns.js';
export {
  determiningColumns,
  determiningLabels,
  mapAnnotations,
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
  lineageMatrix,
  pathDistances,
  pathSimilarity,
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
export { referenceSimilarity } from './reference-similarity.js';
export { enforceHierarchy, propagateToAncestors, violationRate, type PropagatedTargets } from './consistency.js';
export { drawTree } from './draw-tree.js';
