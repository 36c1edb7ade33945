import type { TopLevelSpec } from 'vega-lite';
import { modelColours, renderSvg } from './render.js';

/** One line of a panel, in the unit square. */
export interface PanelLine {
  model: string;
  x: ArrayLike<number>;
  y: ArrayLike<number>;
}

/** A panel: a title, lines of text below it, lines, and a dashed one to hold them against. */
export interface CurvePanel {
  title: string;
  subtitles: readonly string[];
  lines: readonly PanelLine[];
  /** Ends of the dashed line. */
  reference: readonly [readonly [number, number], readonly [number, number]];
}

export interface CurvePanelOptions {
  xTitle: string;
  yTitle: string;
  /** Default 4. */
  columns?: number;
  /** Marks every point. Default false. */
  points?: boolean;
}

/** The most points that are drawn of one curve. */
const mostPoints = 120;

/** A grid of small plots over the unit square, one colour a model in all of them. */
export function curvePanels(
  panels: readonly CurvePanel[],
  { xTitle, yTitle, columns = 4, points = false }: CurvePanelOptions,
): Promise<string> {
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
  const [x, y] = [
    { field: 'x', ...axis(xTitle) },
    { field: 'y', ...axis(yTitle) },
  ];
  const spec = {
    columns,
    spacing: 18,
    concat: panels.map(({ title, subtitles, lines, reference }) => ({
      title: { text: title, subtitle: subtitles },
      width: 150,
      height: 150,
      layer: [
        {
          data: { values: reference.map(([atX, atY]) => ({ x: atX, y: atY })) },
          mark: { type: 'line', color: '#bbb', strokeDash: [3, 3], strokeWidth: 1 },
          encoding: { x, y },
        },
        {
          data: { values: lines.flatMap(pointsOf) },
          mark: { type: 'line', strokeWidth: 1.6, clip: true, point: points && { size: 14 } },
          encoding: { x, y, color: colour, order: { field: 'order', type: 'quantitative' } },
        },
      ],
    })),
    resolve: { scale: { color: 'shared' } },
  };
  return renderSvg(spec as unknown as TopLevelSpec);
}

function pointsOf({ model, x, y }: PanelLine): { model: string; x: number; y: number; order: number }[] {
  const step = Math.max(1, Math.ceil(x.length / mostPoints));
  const kept = Array.from({ length: x.length }, (_, i) => i).filter((i) => i % step === 0 || i === x.length - 1);
  return kept.map((i) => ({ model, x: x[i], y: y[i], order: i }));
}
