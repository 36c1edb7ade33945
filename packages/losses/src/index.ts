export type { Reduced, Reduction } from '@cxr-align/tensor';
export {
  binaryCrossEntropy,
  type BinaryCrossEntropyOptions,
  type ClassificationOptions,
  type SmoothedOptions,
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
  GeometricWeighting,
  LearnableWeighting,
  type TaskGradients,
  type TaskLosses,
  type TaskWeighting,
} from './weighting.js';
export { seedUncertainty, UncertaintyWeighting, uncertaintyWeighted, type TaskKind } from './uncertainty.js';
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
export type { ContrastiveOptions, SymmetricLoss } from './contrast.js';
export { labelContrastiveLoss, type LabelContrastiveOptions } from './label-contrastive.js';
export {
  imageTextContrastive,
  sigmoidContrastive,
  type ImageTextOptions,
  type SigmoidContrastiveOptions,
} from './image-text-contrastive.js';
export {
  softLabelContrastive,
  softLabelPairLoss,
  type SoftLabelOptions,
  type SoftLabelPairOptions,
} from './soft-label-contrastive.js';
export { supervisedContrastive, type SupervisedContrastiveOptions } from './supervised-contrastive.js';
export {
  absoluteCosineLoss,
  covarianceLoss,
  identityCrossEntropy,
  redundancyLoss,
  type PairReduction,
} from './decorrelation.js';
export {
  gramMatrixLoss,
  neighbourDivergence,
  secondOrderGraphLoss,
  type SecondOrderOptions,
} from './graph-matching.js';
export { taskDifficulty, TaskDifficultyWeighting, type TaskDifficultyOptions } from './task-difficulty.js';
export { DynamicWeightAverage, RandomWeighting } from './numeric-weightings.js';
export {
  gradientCosines,
  GradNormWeighting,
  ProjectedWeighting,
  taskGradients,
  type GradNormOptions,
} from './gradient-weightings.js';
