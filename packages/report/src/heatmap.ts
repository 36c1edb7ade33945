import type { TopLevelSpec } from 'vega-lite';
import { renderSvg } from './render.js';

/** A matrix [labels, columns], row by row, as a heatmap; square unless columns are given. */
export function heatmap(
  labels: readonly string[],
  values: ArrayLike<number>,
  title: string,
  { columns = labels }: { columns?: readonly string[] } = {},
): Promise<string> {
  const cells = labels.flatMap((row, i) =>
    columns.map((column, j) => ({ row, column, value: values[i * columns.length + j] })),
  );
  const size = Math.max(8, Math.min(22, 400 / labels.length));
  const labelFontSize = Math.min(9, size - 1);
  const spec = {
    title,
    width: { step: size },
    height: { step: size },
    data: { values: cells },
    mark: 'rect',
    encoding: {
      x: {
        field: 'column',
        type: 'nominal',
        sort: [...columns],
        axis: {
          title: null,
          labelAngle: labels.length > 60 ? -90 : -60,
          labelLimit: 240,
          labelFontSize,
          labelOverlap: false,
        },
      },
      y: {
        field: 'row',
        type: 'nominal',
        sort: [...labels],
        axis: { title: null, labelLimit: 240, labelFontSize, labelOverlap: false },
      },
      color: { field: 'value', type: 'quantitative', scale: { scheme: 'viridis' }, legend: { title: null } },
    },
  };
  return renderSvg(spec as unknown as TopLevelSpec);
}
