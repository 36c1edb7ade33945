import { digits, drawing, pageColour, seriesLook, textAt, ticksOf, tickText } from './drawing.js';

/** One segment of a bar. */
export interface BarPart {
  bar: string;
  part: string;
  count: number;
}

/** Pixels: a figure and its text fit a telephone as they are. */
const width = 340;
const step = 34;

/**
 * Horizontal stacked bars, the name of each above it; segments keep the order and the colour of their first appearance.
 *
 * @param options.neutral the part that stands for nothing known, which is grey.
 * @returns an SVG.
 */
export function stackedBars(
  parts: readonly BarPart[],
  { title, axis, neutral }: { title: string; axis: string; neutral?: string },
): string {
  const names = [...new Set(parts.map(({ part }) => part))];
  const bars = [...new Set(parts.map(({ bar }) => bar))];
  const sumOf = (bar: string): number => parts.reduce((sum, one) => sum + (one.bar === bar ? one.count : 0), 0);
  const most = Math.max(1, ...bars.map(sumOf));
  const room = width - 24;
  const top = 26 + 18 * names.length;
  const bottom = top + step * bars.length;
  const colourOf = (part: string): string =>
    part === neutral ? pageColour('muted') : seriesLook(names.indexOf(part)).colour;
  const ends = new Map<string, number>();
  return drawing(width, bottom + 42, [
    textAt(0, 14, title, { bold: true, size: 13, most: width }),
    ...names.map(
      (name, i) => swatch(23 + 18 * i, colourOf(name)) + textAt(20, 34 + 18 * i, name, { most: width - 20 }),
    ),
    ...bars.map((bar, i) => textAt(0, top + step * i + 13, bar, { most: width })),
    ...parts.map(({ bar, part, count }) => {
      const from = ends.get(bar) ?? 0;
      ends.set(bar, from + count);
      const y = top + step * bars.indexOf(bar) + 18;
      return count === 0 ? '' : segment((from / most) * room, y, (count / most) * room, colourOf(part));
    }),
    ...ticksOf(0, most, 4).map((tick) =>
      textAt((tick / most) * room, bottom + 16, tickText(tick), {
        anchor: tick === 0 ? 'start' : 'middle',
        size: 11,
        colour: pageColour('muted'),
      }),
    ),
    textAt(width / 2, bottom + 34, axis, { anchor: 'middle', size: 11, colour: pageColour('muted') }),
  ]);
}

function segment(x: number, y: number, long: number, colour: string): string {
  return `<rect x="${digits(x)}" y="${y}" width="${digits(long)}" height="12" fill="${colour}" stroke="${pageColour('paper')}"/>`;
}

function swatch(y: number, colour: string): string {
  return `<rect x="0" y="${y}" width="12" height="12" fill="${colour}"/>`;
}
