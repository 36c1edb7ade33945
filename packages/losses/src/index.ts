export type { Reduction } from '@cxr-align/tensor';
export {
  binaryCrossEntropy,
  type BinaryCrossEntropyOptions,
  type ClassificationOptions,
} from './binary-cross-entropy.js';
export {
  labelConditionedAlignment,
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
export { initialLogitScale, maxLogitScale } from './logit-scale.js';
export { focalLoss, type FocalOptions } from './focal.js';
export {
  asymmetricLoss,
  robustAsymmetricLoss,
  type AsymmetricOptions,
  type RobustAsymmetricOptions,
} from './asymmetric.js';
export {
  deferredWeights,
  distributionBalancedLoss,
  effectiveNumberWeights,
  ldamLoss,
  ldamMargins,
  multiLabelLdamLoss,
  threeClassCrossEntropy,
  type DistributionBalancedOptions,
  type LdamOptions,
  type MultiLabelLdamOptions,
  type ThreeClassOptions,
} from './long-tail.js';
export {
  imageTextContrastive,
  labelContrastiveLoss,
  sigmoidContrastive,
  softLabelContrastive,
  softLabelPairLoss,
  supervisedContrastive,
  type ContrastiveOptions,
  type LabelContrastiveOptions,
  type SigmoidContrastiveOptions,
  type SupervisedContrastiveOptions,
  type SymmetricLoss,
} from './contrastive.js';
export { absoluteCosineLoss, covarianceLoss, identityCrossEntropy, redundancyLoss } from './decorrelation.js';
export {
  gramMatrixLoss,
  neighbourDivergence,
  secondOrderGraphLoss,
  type SecondOrderOptions,
} from './graph-matching.js';
export { taskDifficulty, TaskDifficultyWeighting, type TaskDifficultyOptions } from './task-difficulty.js';
export {
  DynamicWeightAverage,
  GeometricWeighting,
  gradientCosines,
  LearnableWeighting,
  RandomWeighting,
  seedUncertainty,
} from './more-weightings.js';
