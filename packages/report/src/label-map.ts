import { UMAP } from 'umap-js';
import { digits, drawing, pageColour, seriesLook, textAt, textWidth } from './drawing.js';
import { escapeHtml } from './escape-html.js';
import { shapeAt } from './interval-strip.js';

/** Pixels: a map and its text fit a telephone as they are. */
const width = 340;
const height = 320;
const lineHeight = 13;
/** More names than this cannot be read: they are shown where one points. */
const mostNames = 60;

/** How a map of labels is drawn. */
export interface LabelMapOptions {
  title: string;
  /** The group of each label, which determines its colour, such as its parent in the hierarchy. */
  groups: readonly string[];
  /** Uniform numbers in [0, 1), of a seeded generator for a reproducible map. */
  random: () => number;
}

/**
 * A two-dimensional map of label embeddings by UMAP: similar labels are close to each other. Large distances have no meaning.
 *
 * @param cosines cosine similarity [labels, labels] in row-major order, of at least four labels.
 * @returns an SVG.
 * @throws {RangeError} if there are fewer than four labels, or another number of cosines or groups.
 * @see McInnes, Healy and Melville 2018, arXiv:1802.03426.
 */
export function labelMap(
  labels: readonly string[],
  cosines: ArrayLike<number>,
  { title, groups, random }: LabelMapOptions,
): string {
  const n = labels.length;
  if (n < 4) throw new RangeError(`report/labelMap: expected four labels or more, got ${n}; omit the map`);
  if (cosines.length !== n * n || groups.length !== n)
    throw new RangeError(
      `report/labelMap: expected ${n} × ${n} cosines and ${n} groups, got ${cosines.length} and ${groups.length}; try one label order for all`,
    );
  const umap = new UMAP({
    nNeighbors: Math.min(5, n - 1),
    minDist: 0.3,
    random,
    // Points are the indices of labels; their distances are given.
    distanceFn: ([a], [b]) => 1 - cosines[a * n + b],
  });
  const positions = umap.fit(labels.map((_, i) => [i]));
  const names = [...new Set(groups)];
  const [xs, ys] = [0, 1].map((axis) => shares(positions.map((position) => position[axis])));
  const legend = names.length > 1 && names.length <= 12 ? names : [];
  const top = 40 + 16 * legend.length;
  const dots = labels.map((label, i): Dot => ({
    label,
    series: names.indexOf(groups[i]),
    x: 8 + xs[i] * (width - 16),
    y: top + ys[i] * height,
  }));
  return drawing(width, top + height + 16, [
    textAt(0, 14, title, { bold: true, size: 13, most: width }),
    ...legend.map(
      (name, i) =>
        shapeAt(i, 6, 30 + 16 * i, seriesLook(i).colour) + textAt(16, 34 + 16 * i, name, { most: width - 16 }),
    ),
    ...(n <= mostNames ? namesOf(dots) : []),
    ...dots.map(
      ({ label, series, x, y }) =>
        `<g><title>${escapeHtml(label)}</title>${shapeAt(series, x, y, seriesLook(series).colour)}</g>`,
    ),
  ]);
}

interface Dot {
  label: string;
  series: number;
  x: number;
  y: number;
}

/** Names beside their dots, moved down or up where they would cover each other; a line leads to those that moved. */
function namesOf(dots: readonly Dot[]): string[] {
  const lowest = Math.max(...dots.map(({ y }) => y)) + 8;
  const taken = dots.map(({ x, y }) => ({ from: x - 5, to: x + 5, y }));
  return [...dots]
    .sort((a, b) => a.y - b.y)
    .map(({ label, x, y }) => {
      const isLeft = x > width / 2;
      const room = isLeft ? x - 10 : width - x - 10;
      const long = Math.min(room, textWidth(label, 11));
      const [from, to] = isLeft ? [x - 10 - long, x - 10] : [x + 10, x + 10 + long];
      const isFree = (at: number): boolean =>
        at >= 20 &&
        at <= lowest &&
        taken.every((one) => Math.abs(one.y - at) >= lineHeight || one.to < from || one.from > to);
      const moves = Array.from({ length: 40 }, (_, i) => (i % 2 === 0 ? i / 2 : -(i + 1) / 2) * (lineHeight / 2));
      const at = moves.map((move) => y + move).find(isFree);
      // Without a place it is shown where one points.
      if (at === undefined) return '';
      taken.push({ from, to, y: at });
      const leader =
        at === y
          ? ''
          : `<path d="M${digits(x)} ${digits(y)}L${digits(isLeft ? to : from)} ${digits(at)}" stroke="${pageColour('line')}"/>`;
      return (
        leader + textAt(isLeft ? to : from, at + 4, label, { anchor: isLeft ? 'end' : 'start', size: 11, most: room })
      );
    });
}

/** Values from 0 to 1. */
function shares(values: readonly number[]): number[] {
  const low = Math.min(...values);
  const span = Math.max(...values) - low || 1;
  return values.map((value) => (value - low) / span);
}
