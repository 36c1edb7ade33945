import type { TopLevelSpec } from 'vega-lite';
import { UMAP } from 'umap-js';
import { modelColours, renderSvg } from './render.js';

export interface LabelMapOptions {
  title: string;
  /** Of each label, for its colour, such as its place in the hierarchy. */
  groups: readonly string[];
  /** A number in [0, 1) from a seeded generator: the same map each time. */
  random: () => number;
}

/**
 * A map of labels by UMAP: labels whose embeddings are alike lie near each other. Distances between far ones say little.
 *
 * @param cosines [labels, labels] row by row, at least four labels.
 * @see McInnes, Healy and Melville 2018, arXiv:1802.03426.
 */
export function labelMap(
  labels: readonly string[],
  cosines: ArrayLike<number>,
  { title, groups, random }: LabelMapOptions,
): Promise<string> {
  const n = labels.length;
  if (n < 4) throw new RangeError(`report/labelMap: expected four labels or more, got ${n}; leave the map out`);
  const umap = new UMAP({
    nNeighbors: Math.min(5, n - 1),
    minDist: 0.3,
    random,
    // Points are numbers of labels; how far they are apart is known.
    distanceFn: ([a], [b]) => 1 - cosines[a * n + b],
  });
  const places = umap.fit(labels.map((_, i) => [i]));
  const names = [...new Set(groups)];
  const spec = {
    title,
    width: 420,
    height: 320,
    data: { values: labels.map((label, i) => ({ label, group: groups[i], x: places[i][0], y: places[i][1] })) },
    encoding: {
      x: { field: 'x', type: 'quantitative', scale: { zero: false, padding: 40 }, axis: null },
      y: { field: 'y', type: 'quantitative', scale: { zero: false, padding: 20 }, axis: null },
      color: {
        field: 'group',
        type: 'nominal',
        scale: { domain: names, range: names.map((_, i) => modelColours[i % modelColours.length]) },
        legend: names.length > 1 && names.length <= 12 ? { title: null } : null,
      },
    },
    layer: [
      { mark: { type: 'point', filled: true, size: 50 } },
      { mark: { type: 'text', dy: -9, fontSize: 9 }, encoding: { text: { field: 'label' } } },
    ],
  };
  return renderSvg(spec as unknown as TopLevelSpec);
}
