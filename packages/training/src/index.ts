export { scoreAttacks } from './attack/attacked-scores.js';
export { nearestKey, settingsError, suggestion } from './config/config-issues.js';
export {
  checkConfig,
  configKeys,
  describeConfig,
  makeConfig,
  presets,
  readTrainedModel,
  resolveConfig,
  type Config,
  type ConfigKey,
  type ConfigSources,
  type PartialConfig,
} from './config/config.js';
export { rankingResamples } from './evaluate/bootstrap-threads.js';
export { datasetTargets } from './evaluate/dataset-targets.js';
export {
  evaluateDualEncoder,
  type EvaluateDualEncoderOptions,
  type EvaluatedDualEncoder,
} from './evaluate/evaluate-dual-encoder.js';
export { evaluate } from './evaluate/evaluate.js';
export { evaluationIdentity, evaluator, scoresIdentity } from './evaluate/evaluation-identity.js';
export { evaluateRun, type EvaluateRunOptions } from './evaluate/evaluate-run.js';
export { evaluationFolder, refuseRunFolder, type EvaluatedSet } from './evaluate/evaluation-folder.js';
export type { EvaluatedModel, EvaluatedRun } from './evaluate/evaluated-model.js';
export { branchesFile, readBranches, type BranchLogits } from './evaluate/branches-file.js';
export { readEvaluatedRun, writeEvaluatedRun } from './evaluate/evaluated-run-file.js';
export {
  readEvaluationFile,
  readPredictions,
  writeEvaluation,
  writePredictions,
  writeValidation,
} from './evaluate/predictions-file.js';
export {
  eventsOf,
  progressOf,
  type CheckpointEvent,
  type ProgressEvent,
  type ResumeEvent,
  type RunControl,
  type RunEvents,
  type TrainEvents,
} from './events.js';
export { tableDifferences, tableIdentity, type TableIdentity } from './identity/data-identity.js';
export { differingRows } from './identity/row-digests.js';
export {
  codeDifferences,
  identityInTable,
  readIdentity,
  readRunConfig,
  writeIdentity,
  type RunIdentity,
} from './identity/run-identity.js';
export { extract, type ExtractOptions, type ExtractResult } from './inputs/extract.js';
export { contentHash, type ImageOfSample } from './inputs/decode-views.js';
export {
  checkHeaders,
  readWithHeaders,
  type CheckedHeaders,
  type HeaderOptions,
  type RefusedImage,
} from './inputs/checks/check-headers.js';
export { imagePlaces } from './inputs/checks/missing-images.js';
export { eachOf } from './inputs/checks/each-of.js';
export { encoderFolder } from './inputs/hub.js';
export { trainedSource } from './inputs/input-source.js';
export { loadInputs, type LoadedData } from './inputs/load-inputs.js';
export {
  chooseSplit,
  excludedLines,
  openDataset,
  samplesIn,
  trainingDataset,
  type OpenedDataset,
  type OpenOptions,
  type TrainingSetOptions,
} from './inputs/prepare-data.js';
export { JsonLines } from './json-lines.js';
export { bestEpochOf, readHistory, type TrainingHistory } from './history.js';
export { nearestName } from '@cxr-align/tensor';
export { refuseUnknownOptions } from './known-options.js';
export { watchedImages } from './watchdog.js';
export {
  dataGraph,
  graphFor,
  inOrderOf,
  labelGraphChoices,
  loadGraph,
  positivesIn,
  registerBuiltInLabelSets,
} from './labels/label-graph-choice.js';
export { truthOf } from './labels/targets.js';
export { ancestorIndices } from './labels/label-knowledge.js';
export { type BadStep, NonFiniteError } from './loop/bad-step.js';
export { hasCheckpoint, newestCheckpoint } from './loop/checkpoint.js';
export type { EpochRecord, GradientRecord } from './loop/records.js';
export {
  loadPlugin,
  pluginFiles,
  pluginsWithoutFile,
  registries,
  use,
  type Plugin,
  type Registries,
} from './plugins.js';
export { changeThresholds, type ChangeThresholdsOptions } from './thresholds/change-thresholds.js';
export { runThresholds, type RunThresholds } from './thresholds/run-thresholds.js';
export { silentProgress, type Progress, type ProgressBar, type StallEvent } from './progress.js';
export { loadRun, Run, type TrainedRun, type TrainingSummary } from './run.js';
export { withResources } from './resources.js';
export { coveredFiles, foldsFile, gradientsFile, historyFile, isRunWhole } from './run-folder.js';
export { safeName } from './safe-name.js';
export { StoppedError, stopOnSignals, type SignalControl } from './stop-signals.js';
export { startIdentity } from './train/start-weights.js';
export { train } from './train/train.js';
export type { TrainOptions } from './train/train-options.js';
export { labelCounts, readTrainingData, trainingData, type TrainingData } from './training-data.js';
export { startThreads, workerFile } from './threads.js';
