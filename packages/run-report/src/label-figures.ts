import { decisionCurve, precisionRecallCurve, reliabilityCurve, rocCurve } from '@cxr-align/metrics';
import {
  confusionPanel,
  decisionPanel,
  precisionRecallPanel,
  reliabilityPanel,
  rocPanel,
  type ReportFigure,
} from '@cxr-align/report';
import {
  type Evaluation,
  type MaybeNumber,
  type Predictions,
  columnOf,
  thresholdText,
  rankedValues,
} from '@cxr-align/evaluation';

/** Predictions of a model by its name. */
export interface NamedPredictions {
  name: string;
  predictions: Predictions;
}

/** A model whose curves are drawn, with its scores by label. */
export interface DrawnModel extends NamedPredictions {
  aurocs: readonly MaybeNumber[];
  averagePrecisions: readonly MaybeNumber[];
}

/** A figure of a label, and what the same figures of all labels are called in a file. */
export interface LabelFigure extends ReportFigure {
  plate: string;
}

/** The ROC and the precision-recall curves of a label, of one or more models on the same samples. */
export function curveFigures(models: readonly DrawnModel[], place: number): LabelFigure[] {
  const { labels, targets } = models[0].predictions;
  const truth = columnOf(targets, labels.length, place);
  const known = truth.filter((value) => !Number.isNaN(value));
  const prevalence = known.filter((value) => value === 1).length / Math.max(1, known.length);
  const drawn = models.map(({ name, predictions, aurocs, averagePrecisions }) => ({
    model: name,
    scores: columnOf(rankedValues(predictions), labels.length, place),
    auroc: aurocs[place],
    averagePrecision: averagePrecisions[place],
  }));
  return [
    {
      plate: 'roc',
      svg: rocPanel(drawn.map(({ scores, ...line }) => ({ ...line, ...rocCurve(truth, scores) }))),
      description: 'How much is found for how many false alarms; dashed: chance',
    },
    {
      plate: 'precision-recall',
      svg: precisionRecallPanel(
        drawn.map(({ scores, ...line }) => ({ ...line, ...precisionRecallCurve(truth, scores) })),
        prevalence,
      ),
      description: 'How many calls are right for how much is found; dashed: chance',
    },
  ];
}

/** All figures of a label of one model: curves, calibration, decision curve, confusion. */
export function labelFigures(model: DrawnModel, evaluation: Evaluation, place: number): LabelFigure[] {
  const { labels, targets, probabilities } = model.predictions;
  const [truth, own] = [targets, probabilities].map((values) => columnOf(values, labels.length, place));
  const scores = evaluation.labels[labels[place]];
  const isDefined = scores.positives > 0 && scores.negatives > 0;
  return [
    ...(isDefined ? curveFigures([model], place) : []),
    {
      plate: 'calibration',
      svg: reliabilityPanel({ ece: scores.ece, ...reliabilityCurve(truth, own, { bins: 10 }) }),
      description: 'Observed frequency by predicted probability; dashed: probabilities that can be taken at their word',
    },
    ...(isDefined
      ? [
          {
            plate: 'decision-curves',
            svg: decisionPanel(
              decisionCurve(truth, own, { prevalence: scores.operatingPoints[0]?.prevalence ?? undefined, steps: 199 }),
            ),
            description:
              'True calls less false ones, weighed by the probability from which one acts; of use where it lies above both 0 and calling all',
          },
        ]
      : []),
    { plate: 'confusion', ...confusionFigure(evaluation, labels[place]) },
  ];
}

/** What was called and what was the case. @param model named where there are several. */
export function confusionFigure({ labels }: Evaluation, label: string, model?: string): ReportFigure {
  const threshold = thresholdText(labels[label].threshold);
  const called = model === undefined ? 'Called' : `${model}: called`;
  return {
    svg: confusionPanel(labels[label], `${called} from ${threshold ?? 'an undefined threshold'} on`),
    description: 'Images by what they show and what was called, and the share of their row',
  };
}
