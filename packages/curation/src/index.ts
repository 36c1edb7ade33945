export { balanceDataset, groupings, type BalanceDatasetOptions, type Grouping } from './balance-dataset.js';
export {
  compareDatasets,
  type ComparedDataset,
  type DatasetComparison,
  type GroupShift,
  type NumberShift,
} from './compare-datasets.js';
export { describe, type DescribeDataOptions } from './describe.js';
export { describeDataset, type DatasetDescription, type DescribeOptions } from './describe-dataset.js';
export { drawPhantoms, type PhantomOptions } from './draw-phantoms.js';
export { checkFiles, type CheckFilesOptions, type FileChecks } from './file-checks.js';
export { filterDataset, type FilterOptions } from './filter-dataset.js';
export { checkImages, type CheckImagesOptions, type ImageFacts } from './image-facts.js';
export type { Duplicates, SameImages } from './duplicates.js';
export { summarizeImages, type ImageSummary } from './image-summary.js';
export { describePixelRange, type PixelRange, type PixelRanges } from './pixel-ranges.js';
export { mergeDatasets, type MergedPart } from './merge-datasets.js';
export { policyTargets, type PolicyTargetsOptions } from './policy-targets.js';
export { splitDataset, type SplitDatasetOptions } from './split-dataset.js';
export { writeDataset, writtenText, type WrittenDataset } from './write-dataset.js';
