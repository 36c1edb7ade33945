import type { TopLevelSpec } from 'vega-lite';
import { renderSvg } from './render.js';

/** One named series over epochs. */
export interface CurvePoint {
  epoch: number;
  series: string;
  /** null where it is undefined. */
  value: number | null;
}

/** Panels of lines over epochs, side by side, each with a scale of its own. */
export function trainingCurves(panels: readonly { title: string; points: readonly CurvePoint[] }[]): Promise<string> {
  const spec = {
    spacing: 30,
    columns: 3,
    concat: panels.map(({ title, points }) => ({
      title,
      width: 230,
      height: 160,
      data: { values: points.filter(({ value }) => value !== null) },
      mark: { type: 'line', point: { size: 12 }, strokeWidth: 1.5 },
      encoding: {
        x: { field: 'epoch', type: 'quantitative', axis: { title: 'epoch', tickMinStep: 1 } },
        y: { field: 'value', type: 'quantitative', scale: { zero: false }, axis: { title: null } },
        color: { field: 'series', type: 'nominal', legend: { title: null, orient: 'bottom', columns: 2 } },
      },
    })),
    resolve: { scale: { color: 'independent' } },
  };
  return renderSvg(spec as unknown as TopLevelSpec);
}
