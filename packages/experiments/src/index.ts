export { ablate, type AblateOptions } from './ablation/ablate-run.js';
export { planAblation, runFolder, type AblationPlan, type PlannedRun } from './ablation/ablation-grid.js';
export { crossValidate, type CrossValidatedRun, type CrossValidateOptions } from './folds/cross-validate.js';
export type { ConfiguredSeriesOptions, SeriesOptions } from './planned/series-options.js';
export { seedFolder, trainSeeds, type TrainSeedsOptions } from './seeds/train-seeds.js';
export { drawFolder, trainShots, type TrainShotsOptions } from './shots/train-shots.js';
export type { HalvingOptions } from './tune/halving.js';
export {
  readSearchSpace,
  scaleOfRange,
  type SearchRange,
  type SearchSpace,
  type Settings,
} from './tune/search-space.js';
export { tune, type TuneOptions } from './tune/tune.js';
