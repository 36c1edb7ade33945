export { auroc, averagePrecision, RankedScores } from './ranked-scores.js';
export { precisionRecallCurve, rocCurve, type PrecisionRecallCurve, type RocCurve } from './curves.js';
export { atThreshold, chooseThreshold, type ThresholdMetrics, type ThresholdRule } from './thresholds.js';
export { brierScore, expectedCalibrationError, logLoss } from './probability-metrics.js';
export { delong, pairedDelong, type DelongResult, type PairedDelongResult } from './delong.js';
export { erfc, twoSidedP } from './normal-distribution.js';
export {
  bootstrapP,
  bootstrapRanking,
  clusterRows,
  forEachDraw,
  meanDefined,
  type BootstrapDraws,
  type Clusters,
  type DrawWeights,
} from './bootstrap.js';
export { percentileInterval, quantile } from './quantile.js';
export { holm } from './multiplicity.js';
export { pearson, ranks, spearman } from './correlation.js';
export { aboveDiagonal, mantelTest, type MantelOptions, type MantelResult } from './mantel.js';
