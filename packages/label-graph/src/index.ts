export { LabelGraph, rootName, type LabelNode } from './label-graph.js';
export { LabelGraphError, type LabelDefinition, type LabelGraphDefinition } from './definition.js';
export { labelSet, labelSetFor, labelSetNames } from './label-sets.js';
export { labelGraphFromPaths, parseLabelGraph } from './parse.js';
export { normalizeLabel } from './normalize-label.js';
export {
  closureMatrix,
  depths,
  lcaDepths,
  matrixKinds,
  pathDistances,
  pathSimilarity,
  relatedMatrix,
  wuPalmer,
  type LabelMatrix,
  type MatrixKind,
} from './matrices.js';
export { closeTargets, coherentProbabilities, violationRate, type ClosureResult } from './consistency.js';
export { drawTree } from './draw-tree.js';
