export {
  selectSamples,
  selectSplit,
  type BadRow,
  type Dataset,
  type PixelArray,
  type Sample,
  type Split,
} from './dataset.js';
export { datasetFormats, describeBadRows, readDataset, type ReadDatasetOptions } from './read-dataset.js';
export { applyPolicy, labelPolicies, labelPolicy, type LabelPolicy, type Targets } from './policies.js';
export {
  presentProbabilities,
  seedThreeClassTargets,
  selfTrainedTargets,
  threeClass,
  threeClassTargets,
} from './three-class.js';
export { drawSplit, limitTraining, overlappingPatients } from './splits.js';
export {
  FeatureStoreWriter,
  openFeatureStore,
  type FeatureIndex,
  type FeatureSource,
  type FeatureStore,
} from './feature-store.js';
export { chexpertLabels, planPhantoms, type ChexpertLabel, type PhantomPlan } from './phantom/population.js';
export { renderPhantom, type PhantomImage } from './phantom/render.js';
export { type PixelBox } from './phantom/film.js';
export { writePhantom, type WritePhantomOptions } from './phantom/write-phantom.js';
