import type { TopLevelSpec } from 'vega-lite';
import { modelColours, renderSvg } from './render.js';

/** A value with its interval, of a series where there are several. */
export interface IntervalRow {
  label: string;
  /** null where it is undefined. */
  value: number | null;
  low: number | null;
  high: number | null;
  series?: string;
}

/** Values as points, intervals as lines, a row a label; several series beside each other in their colours. */
export function intervalPlot(
  rows: readonly IntervalRow[],
  { title, axis }: { title: string; axis: string },
): Promise<string> {
  const values = rows.filter(({ value }) => value !== null).map((row) => ({ ...row, series: row.series ?? '' }));
  const series = [...new Set(values.map((row) => row.series))];
  const shift = { field: 'series', type: 'nominal', sort: series };
  const y = {
    field: 'label',
    type: 'nominal',
    sort: [...new Set(values.map(({ label }) => label))],
    axis: { title: null, labelLimit: 220, grid: true },
  };
  const color = {
    field: 'series',
    type: 'nominal',
    scale: { domain: series, range: series.map((_, i) => modelColours[i % modelColours.length]) },
    legend: series.length > 1 ? { title: null, orient: 'top' } : null,
  };
  const spec = {
    title,
    width: 420,
    height: { step: 12 + 8 * series.length, for: 'position' },
    data: { values },
    layer: [
      {
        mark: { type: 'rule', strokeWidth: 1.6 },
        encoding: {
          y,
          yOffset: shift,
          color,
          x: { field: 'low', type: 'quantitative', axis: { title: axis } },
          x2: { field: 'high' },
        },
      },
      {
        mark: { type: 'point', filled: true, size: 40 },
        encoding: { y, yOffset: shift, color, x: { field: 'value', type: 'quantitative' } },
      },
    ],
  };
  return renderSvg(spec as unknown as TopLevelSpec);
}
