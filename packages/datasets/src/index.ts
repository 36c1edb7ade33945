export {
  selectLabels,
  selectSamples,
  selectSplit,
  type BadRow,
  type Dataset,
  type LabelledBox,
  type PixelArray,
  type Sample,
  type Split,
} from './dataset.js';
export { openTable, type Table } from './table.js';
export { countTexts, datasetFacts, type CellCounts, type DatasetFacts, type GroupFacts } from './facts.js';
export { projectionOf, type ImageChoice, type Projection } from './views.js';
export { datasetFormats, describeBadRows, readDataset, type ReadDatasetOptions } from './read-dataset.js';
export {
  applyPolicy,
  composePolicy,
  decideByHierarchy,
  hardTargets,
  labelPolicies,
  labelPolicy,
  noFindingRules,
  type LabelPolicy,
  type LabelRule,
  type NoFindingRule,
  type PolicyOptions,
  type Targets,
  type UncertainRule,
} from './policies.js';
export {
  presentProbabilities,
  seedThreeClassTargets,
  selfTrainedTargets,
  threeClass,
  threeClassTargets,
} from './three-class.js';
export { drawSplit, limitTraining, overlappingPatients } from './splits.js';
export { stratifySplits, type StratifyOptions } from './stratified-split.js';
export { balanceGroups, type BalancedGroup, type BalanceOptions } from './balance.js';
export { labelsTable, writeLabels, type LabelFormat } from './write-labels.js';
export { draftMapping, type DraftedColumn, type MappingDraft } from './draft-mapping.js';
export { mappingSchema, type Mapping } from './mapping.js';
export {
  FeatureStore,
  FeatureStoreWriter,
  type FeatureIndex,
  type FeatureLayout,
  type FeatureSource,
} from './feature-store.js';
export { chexpertLabels, planPhantoms, type ChexpertLabel, type PhantomPlan } from './phantom/population.js';
export { renderPhantom, type PhantomImage } from './phantom/render.js';
export { type PixelBox } from './phantom/film.js';
export { writePhantom, type WritePhantomOptions } from './phantom/write-phantom.js';
