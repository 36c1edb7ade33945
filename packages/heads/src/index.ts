export { fitLogistic, penaltyGrid } from './logistic.js';
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
