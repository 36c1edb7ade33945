import { precisionRecallCurve, rocCurve } from '@cxr-align/metrics';
import { precisionRecallPanels, rocPanels } from '@cxr-align/report';
import type { MaybeNumber } from '../evaluation/evaluation-schema.js';
import { columnOf, type Predictions } from '../evaluation/predictions.js';

/** Predictions of a model by its name. */
export interface NamedPredictions {
  name: string;
  predictions: Predictions;
}

/** The ROC and the precision-recall panels of one or more models on the same samples. */
export async function curveFigures(
  models: readonly (NamedPredictions & { aurocs: readonly MaybeNumber[]; averagePrecisions: readonly MaybeNumber[] })[],
): Promise<{ svg: string; description: string }[]> {
  const { labels, targets } = models[0].predictions;
  const truth = labels.map((_, i) => columnOf(targets, labels.length, i));
  const positives = truth.map((values) => values.filter((value) => value === 1).length);
  const scores = (predictions: Predictions, i: number) => columnOf(predictions.probabilities, labels.length, i);
  const roc = await rocPanels(
    labels.map((label, i) => ({
      label,
      positives: positives[i],
      lines: models.map(({ name, predictions, aurocs }) => ({
        model: name,
        auroc: aurocs[i],
        ...rocCurve(truth[i], scores(predictions, i)),
      })),
    })),
  );
  const precisionRecall = await precisionRecallPanels(
    labels.map((label, i) => ({
      label,
      positives: positives[i],
      prevalence: positives[i] / Math.max(1, truth[i].filter((value) => !Number.isNaN(value)).length),
      lines: models.map(({ name, predictions, averagePrecisions }) => ({
        model: name,
        averagePrecision: averagePrecisions[i],
        ...precisionRecallCurve(truth[i], scores(predictions, i)),
      })),
    })),
  );
  return [
    { svg: roc, description: 'ROC curve of each label, its AUROC above' },
    {
      svg: precisionRecall,
      description: 'Precision-recall curve of each label, its average precision above; dashed: chance',
    },
  ];
}
