import { digits, pageColour, seriesLook, textAt, ticksOf, tickText } from './drawing.js';
import { shapeAt } from './interval-strip.js';

/** What rows below each other share: names above them, an axis, a legend. */
export interface RowFrame {
  labels: readonly string[];
  title: string;
  axis: string;
  domain: readonly [number, number];
  /** A value to hold all others against. */
  rule?: number;
  /** Names of the series; a legend stands above where there are several. */
  series: readonly string[];
  /** Pixels of a row below its name. */
  room: number;
}

/** Pixels: a figure and its text fit a telephone as they are. */
export const frameWidth = 340;
const margin = 14;
const nameRoom = 22;

/** The frame of a figure of rows, and where a value stands in it. */
export function rowFrame({ labels, title, axis, domain: [low, high], rule, series, room }: RowFrame): {
  height: number;
  parts: string[];
  at: (value: number) => number;
  /** The top of what is drawn of a row, below its name. */
  topOf: (row: number) => number;
} {
  const at = (value: number): number =>
    margin + Math.max(0, Math.min(1, (value - low) / (high - low))) * (frameWidth - 2 * margin);
  const legend = series.length > 1 ? series.length * 16 : 0;
  const step = nameRoom + room;
  const top = 24 + legend;
  const bottom = top + step * labels.length;
  // Lines are drawn below labels, not through them.
  const upright = (value: number): string =>
    labels.map((_, i) => `M${digits(at(value))} ${top + step * i + 18}V${top + step * (i + 1)}`).join('');
  const parts = [
    textAt(0, 14, title, { bold: true, size: 13, most: frameWidth }),
    ...(legend === 0
      ? []
      : series.map(
          (name, i) =>
            shapeAt(i, 6, 32 + 16 * i, seriesLook(i).colour) + textAt(16, 36 + 16 * i, name, { most: frameWidth - 16 }),
        )),
    ...ticksOf(low, high, 5).map(
      (tick) =>
        `<path d="${upright(tick)}" stroke="${pageColour('line')}"/>${textAt(at(tick), bottom + 16, tickText(tick), { anchor: 'middle', size: 11, colour: pageColour('muted') })}`,
    ),
    rule === undefined ? '' : `<path d="${upright(rule)}" stroke="${pageColour('muted')}" stroke-dasharray="3 3"/>`,
    ...labels.map((label, i) => textAt(0, top + step * i + 14, label, { most: frameWidth })),
    textAt(frameWidth / 2, bottom + 34, axis, {
      anchor: 'middle',
      size: 11,
      colour: pageColour('muted'),
      most: frameWidth,
    }),
  ];
  return { height: bottom + 42, parts, at, topOf: (row) => top + step * row + nameRoom };
}

/** The ends of some values; a unit around one alone. */
export function endsOf(values: readonly number[]): [number, number] {
  const [low, high] = values.reduce(([a, b], value) => [Math.min(a, value), Math.max(b, value)], [Infinity, -Infinity]);
  if (!(low < high)) return values.length === 0 ? [0, 1] : [low - 0.5, high + 0.5];
  return [low, high];
}
