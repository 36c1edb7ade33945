export { assertShape, type AxisSizes } from './assert-shape.js';
export { reduce, type Reduced, type Reduction } from './reduce.js';
export { l2Normalize } from './l2-normalize.js';
export { softplus } from './softplus.js';
export { withGradient, type ForwardPass } from './with-gradient.js';
export { gradientsAndExtras, type GradientsAndExtras } from './gradients-and-extras.js';
export { cosineMatrix } from './cosine-matrix.js';
export { pairSimilarity } from './pair-similarity.js';
export { clampedScale } from './clamped-scale.js';
