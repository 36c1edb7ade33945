import type { TopLevelSpec } from 'vega-lite';
import { modelColours, renderSvg } from './render.js';

/** A rate of one group for one label. */
export interface SubgroupRate {
  label: string;
  group: string;
  /** null where it is undefined. */
  rate: number | null;
  /** Too few cases to be read: drawn hollow. */
  small: boolean;
}

/** The rates of groups beside each other, a row a label: the further apart, the less alike they are treated. */
export function subgroupPlot(rates: readonly SubgroupRate[], title: string): Promise<string> {
  const values = rates.filter(({ rate }) => rate !== null);
  const groups = [...new Set(rates.map(({ group }) => group))];
  const y = {
    field: 'label',
    type: 'nominal',
    sort: [...new Set(values.map(({ label }) => label))],
    axis: { title: null, labelLimit: 220, grid: true },
  };
  const x = { field: 'rate', type: 'quantitative', scale: { domain: [0, 1] }, axis: { title: 'true positive rate' } };
  const colour = {
    field: 'group',
    type: 'nominal',
    scale: { domain: groups, range: groups.map((_, i) => modelColours[i % modelColours.length]) },
    legend: { title: null },
  };
  const spec = {
    title,
    width: 360,
    height: { step: 20 },
    data: { values },
    layer: [
      {
        transform: [{ filter: '!datum.small' }],
        mark: { type: 'point', filled: true, size: 60, opacity: 0.85 },
        encoding: { x, y, color: colour },
      },
      {
        transform: [{ filter: 'datum.small' }],
        mark: { type: 'point', filled: false, size: 40, opacity: 0.6 },
        encoding: { x, y, color: colour },
      },
    ],
  };
  return renderSvg(spec as unknown as TopLevelSpec);
}
