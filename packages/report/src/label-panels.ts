import { curvePanels } from './curve-panels.js';

/** The ROC curve of one model for one label. */
export interface RocLine {
  model: string;
  falsePositiveRate: ArrayLike<number>;
  truePositiveRate: ArrayLike<number>;
  /** NaN or null where it is undefined. */
  auroc: number | null;
}

/** The panel of one label. */
export interface RocPanel {
  label: string;
  positives: number;
  lines: readonly RocLine[];
}

/** A grid of ROC curves, one panel a label, the models laid over each other and their AUROC above each panel. */
export function rocPanels(panels: readonly RocPanel[], { columns = 4 }: { columns?: number } = {}): Promise<string> {
  return curvePanels(
    panels.map(({ label, positives, lines }) => ({
      title: label,
      subtitles: [`${positives} positive`, ...lines.map(({ model, auroc }) => `${model}: ${score(auroc)}`)],
      lines: lines.flatMap(({ model, auroc, falsePositiveRate, truePositiveRate }) =>
        isNumber(auroc) ? [{ model, x: falsePositiveRate, y: truePositiveRate }] : [],
      ),
      reference: [
        [0, 0],
        [1, 1],
      ],
    })),
    { xTitle: '1 − specificity', yTitle: 'sensitivity', columns },
  );
}

/** The precision-recall curve of one model for one label. */
export interface PrecisionRecallLine {
  model: string;
  recall: ArrayLike<number>;
  precision: ArrayLike<number>;
  /** NaN or null where it is undefined. */
  averagePrecision: number | null;
}

/** The panel of one label. */
export interface PrecisionRecallPanel {
  label: string;
  positives: number;
  /** Share of positives: the precision of chance. */
  prevalence: number;
  lines: readonly PrecisionRecallLine[];
}

/** A grid of precision-recall curves, chance as a dashed line, the average precision above each panel. */
export function precisionRecallPanels(
  panels: readonly PrecisionRecallPanel[],
  { columns = 4 }: { columns?: number } = {},
): Promise<string> {
  return curvePanels(
    panels.map(({ label, positives, prevalence, lines }) => ({
      title: label,
      subtitles: [
        `${positives} positive`,
        ...lines.map(({ model, averagePrecision }) => `${model}: ${score(averagePrecision)}`),
      ],
      lines: lines.flatMap(({ model, averagePrecision, recall, precision }) =>
        isNumber(averagePrecision) ? [{ model, x: recall, y: precision }] : [],
      ),
      reference: [
        [0, prevalence],
        [1, prevalence],
      ],
    })),
    { xTitle: 'recall', yTitle: 'precision', columns },
  );
}

/** How often something was the case beside how probable it was said to be, in bins. */
export interface ReliabilityPanel {
  label: string;
  /** Expected calibration error; null where it is undefined. */
  ece: number | null;
  predicted: readonly number[];
  observed: readonly number[];
}

/** Reliability diagrams, one a label: what is calibrated lies on the dashed line. */
export function reliabilityPanels(
  panels: readonly ReliabilityPanel[],
  { columns = 4 }: { columns?: number } = {},
): Promise<string> {
  return curvePanels(
    panels.map(({ label, ece, predicted, observed }) => ({
      title: label,
      subtitles: [`calibration error ${score(ece)}`],
      lines: [{ model: 'model', x: predicted, y: observed }],
      reference: [
        [0, 0],
        [1, 1],
      ],
    })),
    { xTitle: 'probability', yTitle: 'share present', columns, points: true },
  );
}

function isNumber(value: number | null): value is number {
  return value !== null && !Number.isNaN(value);
}

function score(value: number | null): string {
  return isNumber(value) ? value.toFixed(3) : 'undefined';
}
