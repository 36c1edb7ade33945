export type { Reduction } from '@cxr-align/tensor';
export {
  binaryCrossEntropy,
  type BinaryCrossEntropyOptions,
  type ClassificationOptions,
} from './binary-cross-entropy.js';
export {
  initialLogitScale,
  labelConditionedAlignment,
  maxLogitScale,
  similarityLogits,
  type LabelConditionedLoss,
  type LabelConditionedOptions,
  type LabelPrompts,
  type SimilarityOptions,
} from './label-conditioned-alignment.js';
export { orthogonalLoss, type OrthogonalOptions } from './orthogonal.js';
export { graphAlignment, type GraphAlignmentOptions } from './graph-alignment.js';
export {
  coherentLogits,
  maxConstraintLoss,
  violationHinge,
  type Descendants,
  type HierarchyOptions,
} from './hierarchy.js';
export {
  FixedWeighting,
  UncertaintyWeighting,
  uncertaintyWeighted,
  type TaskKind,
  type TaskLosses,
  type TaskWeighting,
} from './weighting.js';
