export { balanceDataset, groupings, type BalanceDatasetOptions, type Grouping } from './balance-dataset.js';
export {
  compareDatasets,
  type ComparedDataset,
  type DatasetComparison,
  type GroupShift,
  type NumberShift,
} from './compare-datasets.js';
export {
  findSuspects,
  type FindSuspectsOptions,
  type SuspectLabels,
  type SuspectsOfLabel,
} from './suspects/find-suspects.js';
export {
  scoreAnnotations,
  suspectKinds,
  type AnnotationProblem,
  type ScoredAnnotations,
  type SuspectKind,
} from './suspects/score-annotations.js';
export { suspectsCsv, type Suspect } from './suspects/suspect.js';
export { describe, type DescribeDataOptions } from './describe.js';
export { describeDataset, type DatasetDescription, type DescribeOptions } from './describe-dataset.js';
export { drawPhantoms, type PhantomOptions } from './draw-phantoms.js';
export { checkFiles, type CheckFilesOptions, type FileChecks } from './file-checks.js';
export { centredUnits, nearImages, type NearImages } from './near-images.js';
export { outOfFold, type OutOfFold, type OutOfFoldProblem } from './suspects/out-of-fold.js';
export { sampleFeatures, type SampleFeatures } from './sample-features.js';
export { ancestorsIn } from './annotation-targets.js';
export { patientNumbers } from './patient-numbers.js';
export { filterDataset, type FilterOptions } from './filter-dataset.js';
export { checkImages, type CheckImagesOptions, type ImageFacts } from './image-facts.js';
export type { Duplicates, SameImages } from './duplicates.js';
export { summarizeImages, type ImageSummary } from './image-summary.js';
export { describePixelRange, type PixelRange, type PixelRanges } from './pixel-ranges.js';
export { chooseNext, type ChooseNextOptions, type NextImage, type NextImages } from './next/choose-next.js';
export { nextCsv } from './next/next-csv.js';
export { labelWorths } from './next/label-worth.js';
export { pickByValue, pickRepresentatives, type Picked, type PickProblem } from './next/pick-images.js';
export {
  labelStudioProject,
  type LabelStudioOptions,
  type LabelStudioProject,
  type LabelStudioTask,
} from './label-studio/labelling-tasks.js';
export { readLabelStudio, type ReadAnnotations } from './label-studio/read-annotations.js';
export { mergeDatasets, type MergedPart } from './merge-datasets.js';
export { policyTargets, type PolicyTargetsOptions } from './policy-targets.js';
export { splitDataset, type SplitDatasetOptions } from './split-dataset.js';
export { writeDataset, writtenText, type WrittenDataset } from './write-dataset.js';
