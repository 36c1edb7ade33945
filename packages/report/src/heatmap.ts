import type { TopLevelSpec } from 'vega-lite';
import { renderSvg } from './render.js';

/** A square matrix [labels, labels], row by row, as a heatmap. */
export function heatmap(labels: readonly string[], values: ArrayLike<number>, title: string): Promise<string> {
  const cells = labels.flatMap((row, i) =>
    labels.map((column, j) => ({ row, column, value: values[i * labels.length + j] })),
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
        sort: [...labels],
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
