export {
  summarizeAblation,
  type AblationRow,
  type AblationSummary,
  type ComparedPlan,
  type FinishedRun,
  type RunOfPlan,
} from './ablation-summary.js';
export { ablationCells, ablationLead, ablationRemarks, ablationText } from './ablation-text.js';
export {
  type FitOptions,
  type LabelCalibration,
  calibratedLogits,
  calibratedProbabilities,
  fitOnValidation,
  notFitted,
  thresholdOf,
} from './calibrated.js';
export {
  alignFolds,
  crossFit,
  fitOutOfFold,
  type CrossFitOptions,
  type CrossFitted,
  type FittedFolds,
  type OutOfFold,
  weighted,
} from './cross-fit.js';
export { foldsText } from './folds-text.js';
export { repeatedDifferences, repeatedScores, type RepeatedScore, type RepeatedScores } from './repeated-scores.js';
export { type CompareOptions, type Comparison, type ComparisonRow, compare } from './comparison.js';
export { comparisonTable, verdict } from './comparison-text.js';
export { labelsByVerdict, verdictOf, verdictRule, verdictSentence, worksFrom, type Verdict } from './verdicts.js';
export { operatingRules, parseRule, ruleName, type OperatingPoint } from './operating-points.js';
export { alarmLines } from './alarms.js';
export { decidedRates, type DecidedRates } from './decided-rates.js';
export { decisionRemarks } from './decision-effects.js';
export {
  type Decision,
  decideLabels,
  decideRow,
  decisionProbabilities,
  decisionRule,
  definedThreshold,
  isFinding,
  isNoFinding,
  type LabelDecision,
} from './decisions.js';
export {
  type EvaluatedScores,
  type ScoreEvaluationOptions,
  evaluateScores,
  scorePredictions,
} from './evaluate-scores.js';
export { type EvaluationExtras, type EvaluationOptions, evaluate } from './evaluation.js';
export {
  type Evaluation,
  type EvaluationIdentity,
  type Interval,
  type LabelEvaluation,
  type Localisation,
  type MaybeNumber,
  evaluationJsonSchema,
  evaluationSchema,
} from './evaluation-schema.js';
export { parseEvaluation } from './parse-evaluation.js';
export {
  forecastLabels,
  type ConfigurationForecast,
  type CountedRun,
  type Forecast,
  type ForecastCheck,
  type ForecastPoint,
  type ForecastVerdict,
  type LabelForecast,
} from './forecast.js';
export { forecastSentence, forecastText } from './forecast-text.js';
export { type GroupColumns, sampleGroups, tableGroups } from './fairness.js';
export { type EdgeCount, countEdges, graphAgreement } from './graph-agreement.js';
export { asInputError, faultText } from './label-errors.js';
export { type EvaluatedLabels, evaluatedLabels, predictableLabels, mappingRemarks } from './label-mapping.js';
export { correctForPrevalence } from './label-shift.js';
export { reliabilityOf } from './label-scores.js';
export { macroSentence } from './macro-text.js';
export { fixed, fixedRange, orNull, pText, signed, signedRange, thresholdText } from './maybe-number.js';
export { type MetadataBaseline, compareWithMetadata, fitMetadataBaseline } from './metadata-baseline.js';
export { type Predictions, columnOf, macroAuroc, probabilitiesOf, rankedValues } from './predictions.js';
export { seedText, spreadOf, summarizeSeeds, type SeedRun, type SeedSummary, type Spread } from './seed-summary.js';
export { shotText, summarizeShots, type ShotRun, type ShotSummary, type ShotSummaryOptions } from './shot-summary.js';
export { pairPredictions, selectPredictions, type PairedPredictions } from './paired-predictions.js';
export {
  epochsText,
  rankTrials,
  searchText,
  settingText,
  survivors,
  trialState,
  type SearchSummary,
  type Trial,
  type TrialRung,
} from './search-summary.js';
export { checkSameSamples } from './same-samples.js';
export { type Matrix, type ScoreTable } from './score-table.js';
export { type Views, byStudy, viewRules } from './study-predictions.js';
export { terminalTable } from './terminal-table.js';
export { prevalenceDrifts, type PrevalenceDrift, type SplitLabels } from './split-drift.js';
export { type Worry, worriesOf, worryRules } from './worries.js';
export { shortRemarks } from './short-remarks.js';
export { placeInGraph, scoreZeroShot, trainedParents } from './zero-shot-scores.js';
export { type ResampleTask, resampleRanking } from './ranking-resamples.js';
