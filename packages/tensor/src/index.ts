export {
  assertOption,
  assertOptions,
  reductions,
  type NumberRange,
  type OptionRule,
  type OptionRules,
} from './assert-options.js';
export { assertTensor, described } from './assert-tensor.js';
export { nearestName } from './nearest-name.js';
export { assertShape, type AxisSizes } from './assert-shape.js';
export { reduce, type Reduced, type Reduction } from './reduce.js';
export { l2Normalize } from './l2-normalize.js';
export { softplus } from './softplus.js';
export { constant, withGradient, type ForwardPass } from './with-gradient.js';
export { valueAndGradients, type ValueAndGradients } from './value-and-gradients.js';
export { cosineMatrix, transposed } from './cosine-matrix.js';
export { pairCosines } from './pair-cosines.js';
export { inverseNorms } from './inverse-norms.js';
export { unstack } from './unstack.js';
export { promptSimilarity } from './prompt-similarity.js';
export { clampedScale } from './clamped-scale.js';
