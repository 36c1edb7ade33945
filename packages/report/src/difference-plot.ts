import type { TopLevelSpec } from 'vega-lite';
import { renderSvg } from './render.js';

/** A difference with its interval. */
export interface DifferenceRow {
  label: string;
  difference: number | null;
  low: number | null;
  high: number | null;
}

/** A forest plot: differences as points, intervals as lines, a rule at 0. Rows without a difference are left out. */
export function differencePlot(rows: readonly DifferenceRow[], title: string): Promise<string> {
  const values = rows.filter(({ difference }) => difference !== null);
  const order = values.map(({ label }) => label);
  const y = { field: 'label', type: 'nominal', sort: order, axis: { title: null, labelLimit: 220 } };
  const spec = {
    title,
    width: 420,
    height: { step: 20 },
    data: { values },
    layer: [
      {
        data: { values: [{ x: 0 }] },
        mark: { type: 'rule', color: '#999', strokeDash: [3, 3] },
        encoding: { x: { field: 'x', type: 'quantitative' } },
      },
      {
        mark: { type: 'rule', strokeWidth: 1.6, color: '#0072B2' },
        encoding: {
          y,
          x: { field: 'low', type: 'quantitative', axis: { title: 'difference of AUROC' } },
          x2: { field: 'high' },
        },
      },
      {
        mark: { type: 'point', filled: true, size: 45, color: '#0072B2' },
        encoding: { y, x: { field: 'difference', type: 'quantitative' } },
      },
    ],
  };
  return renderSvg(spec as unknown as TopLevelSpec);
}
