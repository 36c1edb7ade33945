export { type AttackedScores, type AttackResult, attackPrompts, attackText } from './attack/prompt-attack.js';
export { dicomIds, dicomIdsOf, hasDicomPrefix, type DicomIds } from './images/dicom-ids.js';
export { imageHeader } from './images/image-header.js';
export { isOnnx, openImageEncoder } from './images/image-encoders.js';
export { preprocessingOf } from './images/image-preprocessing.js';
export { type ImageReader, type ReadImage, knownEncoder, openImageReader } from './images/image-reader.js';
export type { ImageSource, PixelImage } from './images/image-source.js';
export { windowOf } from './images/visible-window.js';
export { dualEncoderHash, folderHash } from './store/folder-hash.js';
export { type ModelConfig, checkModelConfig, modelConfigShape } from './model-config.js';
export { type FeatureEncoder, tunedModel } from './model/tuned-model.js';
export { type ModelType, buildModel, modelTypes, registerHead, registerModel } from './model/build-model.js';
export { headOfWeights, headWeights, pooledOf } from './model/fitted-head-model.js';
export {
  type BatchDraw,
  type FeatureInput,
  type ImageInput,
  ImageInputs,
  type InputDescription,
  type ModelBatch,
  type ModelInputs,
  scaleOf,
} from './model/model-inputs.js';
export { joinDescriptions, joinMaps } from './model/joined-features.js';
export type {
  BranchOutput,
  FeatureMapCapability,
  Model,
  ModelInput,
  ModelOutput,
  PromptCapability,
  ZeroShotCapability,
} from './model/model.js';
export type { Explanation, ExplanationPart, OpposingFinding } from './predict/explanation.js';
export { dicomResults, type DicomResults } from './predict/dicom-results.js';
export { drawLabelMap } from './predict/draw-label-map.js';
export {
  type BoxTable,
  boxesOf,
  evaluateLocalisation,
  type LocalisationRequest,
  readBoxes,
} from './predict/localise.js';
export { type MapKind, labelMaps, mapKinds, mapKindsOf } from './predict/label-maps.js';
export { type OpenPredictorOptions, openDualEncoderPredictor, openPredictor } from './predict/open-predictor.js';
export { nonFinite, refuseNonFiniteLogits } from './store/non-finite.js';
export { type ImagePredictions, predictBranches, predictImages, predictLogits } from './predict/predict-images.js';
export type { MapEvidence, MapVerdict } from './predict/map-evidence.js';
export type { ImagePrediction, LabelMap, LabelPrediction, MapOptions, PredictorOptions } from './predict/prediction.js';
export { Predictor } from './predict/predictor.js';
export { type Progress, type ProgressBar, silentProgress, type StallEvent } from './progress.js';
export { Registry, registeredName } from './registry.js';
export { type LabelAxis, labelAxes } from './store/label-axes.js';
export { readMeasuredMaps, weightsHash } from './predict/measured-maps.js';
export { loadModel, readModel, writeModel, writeThresholdChange } from './store/model-folder.js';
export { keepThresholds, sayThresholdsGo } from './store/keep-thresholds.js';
export { type LoadedModel, openModel } from './store/open-model.js';
export { type StoredMember, type StoredModel, formatVersion } from './store/stored-model.js';
export { changeNumber, type ChangedThreshold, type ThresholdChange } from './store/threshold-changes.js';
export {
  changesInForce,
  thresholdOriginOf,
  thresholdOrigins,
  type ThresholdModel,
  type ThresholdOrigin,
} from './store/threshold-origins.js';
export { describeThresholds, type LabelThreshold, type ModelThresholds } from './store/model-thresholds.js';
export {
  isRule,
  newestChange,
  takenBack,
  thresholdWishes,
  wishedChanges,
  type ThresholdWish,
  type ThresholdWishes,
} from './store/threshold-wishes.js';
export { type UntrainedModelOptions, untrainedModel } from './store/untrained-model.js';
export type { FrozenTexts } from './texts/frozen-text-arrays.js';
export { encodeTexts, frozenCosines, frozenTexts, termsOf } from './texts/frozen-texts.js';
export { readLabelNames } from './texts/label-names.js';
export { ModelTexts } from './texts/model-texts.js';
export { openTextEncoder } from './texts/text-encoders.js';
export type { ZeroShotLabels } from './texts/zero-shot-labels.js';
export { type DualEncoder, type DualEncoderFolders, openDualEncoder } from './zero-shot/dual-encoder.js';
export {
  type PromptView,
  DualEncoderExplainer,
  RunExplainer,
  explain,
  explainedProbabilities,
} from './zero-shot/explanations.js';
export { openVocabulary } from './zero-shot/open-vocabulary.js';
export { predictedLabels } from './zero-shot/predicted-labels.js';
export {
  type PromptSimilarity,
  frozenSimilarity,
  promptSimilarity,
  trainedSimilarity,
} from './zero-shot/prompt-similarity.js';
