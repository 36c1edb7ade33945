export { auroc, averagePrecision, RankedScores, type RankingMetrics } from './ranked-scores.js';
export { partialAuroc, type PartialAurocOptions } from './partial-auroc.js';
export { precisionRecallCurve, rocCurve, type PrecisionRecallCurve, type RocCurve } from './curves.js';
export {
  decisionCurve,
  likelihoodRatios,
  netBenefit,
  predictiveValues,
  type Accuracy,
  type DecisionCurve,
  type LikelihoodRatios,
  type PredictiveValues,
} from './diagnostic-accuracy.js';
export {
  chooseThreshold,
  confusionAtThreshold,
  thresholdBetweenScores,
  type ThresholdMetrics,
  type ThresholdRule,
} from './thresholds.js';
export { brierScore, expectedCalibrationError, logLoss } from './probability-metrics.js';
export { delong, pairedDelong, type DelongResult, type PairedDelongResult } from './delong.js';
export { pairedPermutation, type PermutationResult } from './paired-permutation.js';
export { minimumPerClass, reliabilityRemark, type CaseCounts } from './reliability.js';
export { erfc, normalCdf, normalQuantile, twoSidedP } from './normal-distribution.js';
export {
  bootstrapModels,
  bootstrapP,
  bootstrapRanking,
  clusterRows,
  forEachResample,
  meanDefined,
  type Clusters,
  type ResampledMetric,
  type ResampledRanking,
  type ResampleOptions,
  type ResampleWeights,
} from './bootstrap.js';
export { percentileInterval, quantile } from './quantile.js';
export { benjaminiHochberg, holm } from './multiplicity.js';
export {
  clusteredProportion,
  proportionDifference,
  proportionsP,
  wilsonInterval,
  type ClusteredProportion,
} from './proportions.js';
export { klDivergence, ksDistance, standardizedDifference, totalVariation } from './shift.js';
export { pearson, ranks, spearman } from './correlation.js';
export { mantelTest, upperTriangle, type MantelOptions, type MantelResult } from './mantel.js';
export {
  adaptiveCalibrationError,
  calibrate,
  calibrationKinds,
  fitCalibration,
  reliabilityCurve,
  type Calibration,
  type ReliabilityCurve,
  type ReliabilityOptions,
} from './calibration.js';
export {
  coverageError,
  hammingLoss,
  labelRankingAveragePrecision,
  rankingLoss,
  subsetAccuracy,
  type LabelMatrixScores,
  type RankingOptions,
} from './multilabel.js';
export { fitEnsembleWeights, type EnsembleOptions } from './ensemble-weights.js';
export { retrieval, type RetrievalScores } from './retrieval.js';
export { hierarchicalScores, type HierarchicalScores } from './hierarchical.js';
export { groupMeans, longTailGroups, weightedMean, type LongTailGroup } from './averages.js';
export { confidentLearning, type ConfidentCounts, type ConfidentLearning } from './confident-learning.js';
export {
  fitLearningCurve,
  labelsNeeded,
  learningCurveAt,
  type LearningCurve,
  type LearningCurveOptions,
} from './learning-curve.js';
export { fitConformal, predictionSet, type ConformalThresholds } from './conformal.js';
export { adjustPrior, correctLabelShift, type LabelShift } from './label-shift.js';
export { aggregateStudies, type StudyRule, type StudyScores } from './studies.js';
export { bcaInterval, jackknifeWeights, smallestDetectableDifference, std } from './intervals.js';
export { subgroupAudit, type SubgroupAudit, type SubgroupOptions, type SubgroupScores } from './fairness.js';
export {
  boxesOfMap,
  intersectionOverUnion,
  isInside,
  mapPeak,
  shareInside,
  type Box,
  type MapBox,
  type PlacedMap,
} from './localisation.js';
