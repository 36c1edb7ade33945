export type { Reduced, Reduction } from '@cxr-align/tensor';
export type { ClassificationLoss, ClassificationOptions, SmoothedOptions } from './classification.js';
export { binaryCrossEntropyLoss, type BinaryCrossEntropyOptions } from './binary-cross-entropy.js';
export { focalLoss, type FocalOptions } from './focal.js';
export { asymmetricLoss, type AsymmetricOptions } from './asymmetric.js';
export { robustAsymmetricLoss, type RobustAsymmetricOptions } from './robust-asymmetric.js';
export {
  ldamLoss,
  ldamMargins,
  multiLabelLdamLoss,
  type LdamMarginOptions,
  type LdamOptions,
  type MultiLabelLdamOptions,
} from './ldam.js';
export {
  deferredWeights,
  effectiveNumberWeights,
  type DeferredWeightsOptions,
  type EffectiveNumberOptions,
} from './class-weights.js';
export { distributionBalancedLoss, type DistributionBalancedOptions } from './distribution-balanced.js';
export { threeClassCrossEntropyLoss, type ThreeClassOptions } from './class-cross-entropy.js';
export {
  enforceHierarchy,
  hierarchyViolationLoss,
  maxConstraintLoss,
  type Descendants,
  type EnforceHierarchyOptions,
  type HierarchyViolationOptions,
  type MaxConstraintOptions,
} from './hierarchy.js';
export {
  labelConditionedAlignmentLoss,
  labelConditionedAlignmentTerms,
  similarityLogits,
  type LabelConditionedOptions,
  type LabelConditionedTerms,
  type LabelPrompts,
  type SimilarityOptions,
} from './label-conditioned-alignment.js';
export { initialLogitScale, maxLogitScale } from './logit-scale.js';
export type { ContrastDirection, ContrastiveOptions } from './contrast.js';
export { labelContrastiveLoss, type LabelContrastiveOptions } from './label-contrastive.js';
export {
  imageTextContrastiveLoss,
  sigmoidContrastiveLoss,
  type ImageTextOptions,
  type SigmoidContrastiveOptions,
} from './image-text-contrastive.js';
export {
  softLabelContrastiveLoss,
  softLabelPairLoss,
  type SoftLabelOptions,
  type SoftLabelPairOptions,
} from './soft-label-contrastive.js';
export { supervisedContrastiveLoss, type SupervisedContrastiveOptions } from './supervised-contrastive.js';
export { orthogonalLoss, type OrthogonalOptions } from './orthogonal.js';
export {
  absoluteCosineLoss,
  barlowTwinsLoss,
  vicregCovarianceLoss,
  type AbsoluteCosineOptions,
  type BarlowTwinsOptions,
  type VicregCovarianceOptions,
} from './decorrelation.js';
export { graphAlignmentLoss, type GraphAlignmentOptions } from './graph-alignment.js';
export {
  gramMatrixLoss,
  neighbourDivergenceLoss,
  type GramMatrixOptions,
  type NeighbourDivergenceOptions,
} from './graph-matching.js';
export type { TaskGradients, TaskLosses, TaskWeighting } from './weighting.js';
export { FixedWeighting } from './fixed-weighting.js';
export { GeometricWeighting } from './geometric-weighting.js';
export { LearnableWeighting } from './learnable-weighting.js';
export {
  uncertaintyWeightedLoss,
  UncertaintyWeighting,
  type TaskKind,
  type UncertaintyOptions,
} from './uncertainty.js';
export { taskDifficultyLoss, TaskDifficultyWeighting, type TaskDifficultyOptions } from './task-difficulty.js';
export {
  DynamicWeightAverage,
  RandomWeighting,
  type DynamicWeightOptions,
  type RandomWeightingOptions,
} from './numeric-weightings.js';
export {
  gradientCosines,
  GradNormWeighting,
  ProjectedWeighting,
  taskGradients,
  type GradNormOptions,
  type ProjectedWeightingOptions,
} from './gradient-weightings.js';
