export { identityCrossEntropyLoss, type IdentityCrossEntropyOptions } from './reference/identity-cross-entropy.js';
export { referenceLabelContrastiveLoss, type ReferenceLabelContrastiveOptions } from './reference/label-contrastive.js';
export { secondOrderGraphLoss, type SecondOrderOptions } from './reference/second-order-graph.js';
export { referenceTaskDifficultyLoss, type ReferenceTaskDifficultyOptions } from './reference/task-difficulty.js';
export { referenceUncertaintyLoss, type ReferenceUncertaintyOptions } from './reference/uncertainty.js';
