import type { TopLevelSpec } from 'vega-lite';
import { modelColours, renderSvg } from './render.js';

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

/** The most points that are drawn of one curve. */
const mostPoints = 120;

/** A grid of ROC curves, one panel a label, the models laid over each other and their AUROC above each panel. */
export function rocPanels(panels: readonly RocPanel[], { columns = 4 }: { columns?: number } = {}): Promise<string> {
  const models = [...new Set(panels.flatMap(({ lines }) => lines.map(({ model }) => model)))];
  const colour = {
    field: 'model',
    type: 'nominal',
    scale: { domain: models, range: modelColours.slice(0, models.length) },
    legend: models.length > 1 ? { title: null, orient: 'bottom' } : null,
  };
  const axis = (title: string) => ({
    type: 'quantitative',
    scale: { domain: [0, 1] },
    axis: { title, values: [0, 0.5, 1], format: '.1f' },
  });
  const spec = {
    columns,
    spacing: 18,
    concat: panels.map(({ label, positives, lines }) => ({
      title: {
        text: label,
        subtitle: [
          `${positives} positive`,
          ...lines.map(({ model, auroc }) => `${model}: ${isNumber(auroc) ? auroc.toFixed(3) : 'undefined'}`),
        ],
      },
      width: 150,
      height: 150,
      layer: [
        {
          data: {
            values: [
              { x: 0, y: 0 },
              { x: 1, y: 1 },
            ],
          },
          mark: { type: 'line', color: '#bbb', strokeDash: [3, 3], strokeWidth: 1 },
          encoding: { x: { field: 'x', ...axis('1 − specificity') }, y: { field: 'y', ...axis('sensitivity') } },
        },
        {
          data: { values: lines.flatMap(pointsOf) },
          mark: { type: 'line', strokeWidth: 1.6, clip: true },
          encoding: {
            x: { field: 'x', ...axis('1 − specificity') },
            y: { field: 'y', ...axis('sensitivity') },
            color: colour,
            order: { field: 'order', type: 'quantitative' },
          },
        },
      ],
    })),
    resolve: { scale: { color: 'shared' } },
  };
  return renderSvg(spec as unknown as TopLevelSpec);
}

function isNumber(value: number | null): value is number {
  return value !== null && !Number.isNaN(value);
}

function pointsOf({
  model,
  falsePositiveRate,
  truePositiveRate,
  auroc,
}: RocLine): { model: string; x: number; y: number; order: number }[] {
  if (!isNumber(auroc)) return [];
  const count = falsePositiveRate.length;
  const step = Math.max(1, Math.ceil(count / mostPoints));
  const kept = Array.from({ length: count }, (_, i) => i).filter((i) => i % step === 0 || i === count - 1);
  return kept.map((i) => ({ model, x: falsePositiveRate[i], y: truePositiveRate[i], order: i }));
}
