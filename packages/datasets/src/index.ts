export {
  selectLabels,
  selectSamples,
  selectSplit,
  type Dataset,
  type LabelledBox,
  type PixelArray,
  type Sample,
  type Split,
} from './dataset.js';
export { openTable } from './table/open-table.js';
export { type BadRow, type Table } from './table/table.js';
export { readParquetRows } from './table/parquet-table.js';
export { countTexts, datasetFacts, type AnnotationCounts, type DatasetFacts, type GroupFacts } from './facts.js';
export { projectionOf, type ImageChoice, type Projection } from './views.js';
export { describeBadRows, readDataset, selectImages, type ReadDatasetOptions } from './read-dataset.js';
export { datasetFormats, registerReader } from './readers/registry.js';
export { type DatasetReader, type ReadData, type ReaderOptions } from './readers/reader.js';
export { DatasetBuilder } from './readers/dataset-builder.js';
export { idText, isBlank, readLabelCell, readNumber } from './columns/cell-values.js';
export {
  columnRoles,
  columnsByRole,
  isNoLabel,
  type ColumnRole,
  type ColumnUse,
  type GivenColumns,
} from './columns/column-roles.js';
export { annotationsOf, type Annotations, type AnnotationsLike } from './annotations.js';
export { compareHeaders, headerLines, type FieldComparison, type HeaderComparison } from './checks/compare-headers.js';
export { headerFields, withHeaderFields, type HeaderField, type ImageHeader } from './checks/image-header.js';
export { missingImagesText, type ImagePlaces } from './checks/image-places.js';
export { sharedImages, sharedImagesText, type SharedImages } from './checks/shared-images.js';
export { readSex } from './columns/cell-values.js';
export { AnnotationError } from './annotation-error.js';
export {
  composePolicy,
  hardPolicy,
  labelPolicies,
  labelPolicy,
  needsEstimates,
  noFindingRules,
  type LabelPolicy,
  type LabelRule,
  type NoFindingRule,
  type UncertainRule,
} from './policies/label-policies.js';
export {
  applyPolicy,
  describeTargets,
  hardTargets,
  scoredTargets,
  type PolicyOptions,
  type Targets,
} from './policies/apply-policy.js';
export { decideByHierarchy } from './policies/hierarchy.js';
export {
  presentProbabilities,
  referenceThreeClassTargets,
  selfTrainedTargets,
  threeClass,
  threeClassTargets,
} from './policies/three-class.js';
export { drawFolds, type FoldOptions, type Folds } from './folds.js';
export { drawShots, type ShotOptions, type Shots, type ShotSource } from './shots.js';
export { drawSplit, limitTraining, overlappingPatients } from './splits.js';
export { stratifySplits, type StratifyOptions } from './stratified-split.js';
export { balanceGroups, type BalancedGroup, type BalanceOptions } from './balance.js';
export { labelsTable, writeLabels, type LabelFormat } from './write-labels.js';
export { draftMapping, type DraftedColumn, type MappingDraft } from './draft-mapping.js';
export { mappingSchema, type Mapping } from './mapping.js';
export { FeatureStore } from './feature-store.js';
export { featureFault, largestFloat16, refuseFeatures } from './feature-range.js';
export { FeatureStoreWriter, type DamagedShard } from './feature-store-writer.js';
export type { FeatureIndex, FeatureLayout, FeatureSource, ShardEntry } from './feature-index.js';
