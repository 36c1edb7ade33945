import { violationRate } from '@cxr-align/label-graph';
import {
  crossFit,
  evaluate,
  macroAuroc,
  repeatedScores,
  sampleGroups,
  type CrossFitOptions,
  type CrossFitted,
  type Evaluation,
  type EvaluationIdentity,
  type OutOfFold,
  type Predictions,
} from '@cxr-align/evaluation';
import { ancestorIndices, type Config } from '@cxr-align/training';
import type { FoldPlan } from '../planned/fold-plan.js';
import type { HeldOutPredictions } from './out-of-fold.js';

/** How out-of-fold predictions are evaluated. */
export interface FoldsEvaluationOptions extends CrossFitOptions {
  config: Config;
  plan: FoldPlan;
  data: string;
  identity: EvaluationIdentity;
}

/** An evaluation of out-of-fold predictions, with the predictions that it is of. */
export interface EvaluatedFolds {
  evaluation: Evaluation;
  /** Averaged over the repeats. */
  predictions: Predictions;
  byRepeat: Predictions[];
}

/** How logits of several models come to be ranked together. */
const aligned =
  'the mean logit of each label was made the same in all folds, without their labels, where a fold has 10 images or more';

/** How thresholds, calibration and ensemble weights come to the evaluated images. */
const crossFitted =
  'the ensemble weights, calibration, thresholds and prediction sets of the images of a fold were fitted on the out-of-fold predictions of the other folds';

/** Evaluates predictions of all images by the models that were not trained on them, nothing of it fitted on the images it is of. */
export function evaluateFolds(
  held: HeldOutPredictions,
  { plan, data, identity, ...fitting }: FoldsEvaluationOptions,
): EvaluatedFolds {
  const { config, graph } = fitting;
  const fittedOf = (outOfFold: OutOfFold): CrossFitted => crossFit(outOfFold, fitting);
  const fitted = fittedOf(held.averaged);
  const predictionsOf = ({ targets }: OutOfFold, { probabilities, scores }: CrossFitted): Predictions => ({
    labels: graph.labels,
    samples: held.samples,
    targets,
    probabilities,
    scores,
  });
  const predictions = predictionsOf(held.averaged, fitted);
  const byRepeat = held.byRepeat.map((one) => (plan.repeats === 1 ? predictions : predictionsOf(one, fittedOf(one))));
  const { folds, repeats } = plan;
  const { macro, labels } = repeatedScores(byRepeat, { resamples: config.bootstrap, seed: config.seed });
  const within = meanWithinFolds(held, byRepeat);
  const evaluation = evaluate(predictions, {
    data,
    split: 'out-of-fold',
    thresholds: fitted.operating.map(([{ threshold }]) => threshold),
    decisions: fitted.decisions,
    graph,
    resamples: config.bootstrap,
    ancestors: ancestorIndices(graph),
    groups: sampleGroups(held.samples, config.fairness),
    conformal: fitted.conformal,
    operating: fitted.operating,
    extras: {
      calibration: config.calibration,
      uncalibrated: fitted.uncalibrated,
      hierarchyViolations: violationRate(fitted.probabilities, graph),
      labelViolations: violationRate(held.averaged.targets, graph),
      dataSha256: identity.data ?? undefined,
      identity,
      folds: {
        folds,
        repeats,
        macro,
        labels,
        withinFolds: Number.isNaN(within) ? null : within,
        method: `each image is predicted by ${repeats === 1 ? 'the model' : `the ${repeats} models (mean of their logits)`} of ${folds}-fold cross-validation by patient that did not see it; ${aligned}; ${crossFitted}; intervals of the repeats' mean: patients and repeats resampled together`,
      },
    },
  });
  return { evaluation, predictions, byRepeat };
}

/** The mean over folds and repeats of the macro AUROC inside a fold, where all scores are of one model. */
function meanWithinFolds(
  { byRepeat, samples, labels }: HeldOutPredictions,
  predictions: readonly Predictions[],
): number {
  const areas = byRepeat.flatMap(({ foldOf, targets }, repeat) =>
    [...new Set(Array.from(foldOf))].map((fold) => {
      const rows = samples.flatMap((_, row) => (foldOf[row] === fold ? [row] : []));
      const { scores, probabilities } = predictions[repeat];
      const own = rows.flatMap((row) => [
        ...(scores ?? probabilities).subarray(row * labels.length, (row + 1) * labels.length),
      ]);
      return macroAuroc(own, rows, targets, labels.length);
    }),
  );
  const defined = areas.filter((area) => !Number.isNaN(area));
  return defined.reduce((sum, area) => sum + area, 0) / defined.length;
}
