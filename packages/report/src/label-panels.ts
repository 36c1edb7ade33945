import { curvePanel } from './curve-panel.js';

/** The ROC curve of one model for one label. */
export interface RocLine {
  model: string;
  falsePositiveRate: ArrayLike<number>;
  truePositiveRate: ArrayLike<number>;
  /** NaN or null where it is undefined. */
  auroc: number | null;
}

/** ROC curves of one label, with the AUROC of each model. A curve without an AUROC is not drawn. */
export function rocPanel(lines: readonly RocLine[]): string {
  return curvePanel({
    title: 'ROC curve',
    lines: lines.map(({ model, auroc, falsePositiveRate, truePositiveRate }) => ({
      name: model,
      score: scoreText('AUROC', auroc),
      ...(isNumber(auroc) ? { x: falsePositiveRate, y: truePositiveRate } : nothing),
    })),
    xTitle: '1 − specificity',
    yTitle: 'sensitivity',
    reference: diagonal,
  });
}

/** The precision-recall curve of one model for one label. */
export interface PrecisionRecallLine {
  model: string;
  recall: ArrayLike<number>;
  precision: ArrayLike<number>;
  /** NaN or null where it is undefined. */
  averagePrecision: number | null;
}

/**
 * Precision-recall curves of one label, with the average precision of each model.
 *
 * @param prevalence share of positives: the precision of a random classifier, the dashed line.
 */
export function precisionRecallPanel(lines: readonly PrecisionRecallLine[], prevalence: number): string {
  return curvePanel({
    title: 'Precision-recall curve',
    lines: lines.map(({ model, averagePrecision, recall, precision }) => ({
      name: model,
      score: scoreText('AP', averagePrecision),
      ...(isNumber(averagePrecision) ? { x: recall, y: precision } : nothing),
    })),
    xTitle: 'sensitivity (recall)',
    yTitle: 'PPV (precision)',
    reference: [
      [0, prevalence],
      [1, prevalence],
    ],
  });
}

/** The reliability diagram of one label: mean predicted probability and observed frequency of each bin. */
export interface ReliabilityCurve {
  /** Expected calibration error; null where it is undefined. */
  ece: number | null;
  predicted: readonly number[];
  observed: readonly number[];
}

/** A reliability diagram: a calibrated model lies on the dashed diagonal. */
export function reliabilityPanel({ ece, predicted, observed }: ReliabilityCurve): string {
  return curvePanel({
    title: 'Calibration',
    lines: [{ name: 'observed frequency', score: scoreText('ECE', ece), x: predicted, y: observed, hasPoints: true }],
    xTitle: 'predicted probability',
    reference: diagonal,
  });
}

/** Net benefit of acting from each probability on, for the model and for acting on all. */
export interface DecisionLines {
  threshold: ArrayLike<number>;
  model: ArrayLike<number>;
  all: ArrayLike<number>;
}

/** The decision curve of one label: a model is of use where its line lies above both 0 (act on none) and that of acting on all. */
export function decisionPanel({ threshold, model, all }: DecisionLines): string {
  const finite = (values: ArrayLike<number>): number[] => Array.from(values).filter(Number.isFinite);
  const highest = Math.max(0.01, ...finite(model), ...finite(all)) * 1.06;
  // Acting on all costs without bound; below a third of what can be won the amount does not matter.
  const isShown = (value: number): boolean => value >= -highest / 3;
  // Where nothing is called any more and calling all costs more than it brings, there is nothing to see.
  const last = Array.from(threshold, (t, i) => (Math.abs(model[i]) > 1e-9 || isShown(all[i]) ? t : 0));
  const end = Math.min(1, Math.max(0.1, 1.1 * Math.max(0, ...last)));
  const upTo = (values: ArrayLike<number>, keeps: (value: number) => boolean): { x: number[]; y: number[] } => {
    const kept = Array.from(values, (_, i) => i).filter((i) => threshold[i] <= end && keeps(values[i]));
    return { x: kept.map((i) => threshold[i]), y: kept.map((i) => values[i]) };
  };
  return curvePanel({
    title: 'Decision curve: net benefit',
    lines: [
      // A model that costs more runs along the lower edge.
      { name: 'call by the model', ...upTo(model, () => true) },
      { name: 'call all', ...upTo(all, isShown) },
    ],
    xTitle: 'probability from which one acts',
    xDomain: [0, end],
    yDomain: [-highest / 3, highest],
    reference: [
      [0, 0],
      [end, 0],
    ],
  });
}

const nothing = { x: [], y: [] };
const diagonal = [
  [0, 0],
  [1, 1],
] as const;

function isNumber(value: number | null): value is number {
  return value !== null && !Number.isNaN(value);
}

function scoreText(name: string, value: number | null): string {
  return `${name} ${isNumber(value) ? value.toFixed(3) : 'undefined'}`;
}
