import type { TopLevelSpec } from 'vega-lite';
import { modelColours, renderSvg } from './render.js';

/** How many of something a bar has of a part. */
export interface BarPart {
  bar: string;
  part: string;
  count: number;
}

/** A bar for each name, its parts one after the other in the order given, each in its colour. */
export function stackedBars(
  parts: readonly BarPart[],
  { title, axis, colours = modelColours }: { title: string; axis: string; colours?: readonly string[] },
): Promise<string> {
  const names = [...new Set(parts.map(({ part }) => part))];
  const spec = {
    title,
    width: 420,
    height: { step: 18 },
    data: { values: parts.map((one) => ({ ...one, order: names.indexOf(one.part) })) },
    mark: { type: 'bar' },
    encoding: {
      y: {
        field: 'bar',
        type: 'nominal',
        sort: [...new Set(parts.map(({ bar }) => bar))],
        axis: { title: null, labelLimit: 220 },
      },
      x: { field: 'count', type: 'quantitative', axis: { title: axis } },
      color: {
        field: 'part',
        type: 'nominal',
        scale: { domain: names, range: names.map((_, i) => colours[i % colours.length]) },
        legend: { title: null, orient: 'top' },
      },
      order: { field: 'order', type: 'quantitative' },
    },
  };
  return renderSvg(spec as unknown as TopLevelSpec);
}
