export { fitCsra } from './csra.js';
export { fitGaussian, shrinkageGrid } from './gaussian.js';
export { fitLogistic, penaltyGrid } from './logistic.js';
export { fitNeighbours, sharpnessGrid } from './neighbours.js';
export { fitPropagation } from './propagation.js';
export { fitStack, stackOf } from './stack.js';
export { alignFolds } from './align-folds.js';
export { featuresOf, imagesOf, outOfFold, subProblem } from './sub-problem.js';
export { fitTextCentroids } from './text-centroids.js';
export {
  headDefaults,
  type FeatureMaps,
  type FittedHead,
  type HeadArrays,
  type HeadFeatures,
  type HeadOptions,
  type HeadProblem,
  type HeadType,
  type Neighbour,
  type StoredHead,
  type TextWeights,
} from './head.js';
export { matrixOf, rowsOf, type Matrix } from './matrix.js';
export { patientFolds } from './patient-folds.js';
export { scalingNames } from './feature-scaling.js';
export { heads, registerHead } from './registry.js';
