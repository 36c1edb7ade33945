import { digits, drawing, pageColour, seriesLook, textAt, ticksOf, tickText } from './drawing.js';
import { shapeAt } from './interval-strip.js';

/** A value with its confidence interval; `series` tells several values of a label apart. */
export interface IntervalRow {
  label: string;
  /** null where it is undefined. */
  value: number | null;
  low: number | null;
  high: number | null;
  series?: string;
}

/** How values and their intervals are drawn. */
export interface IntervalPlotOptions {
  title: string;
  axis: string;
  /** Ends of the axis. Those of the values unless given. */
  domain?: readonly [number, number];
  /** A value to hold all others against, such as 0 or chance. */
  rule?: number;
}

/** Pixels: a figure and its text fit a telephone as they are. */
const width = 340;
const margin = 14;

/**
 * Values as points and intervals as lines, a label above each row; series have a line, a colour and a shape each. Rows whose value
 * is null are not drawn. @returns an SVG.
 */
export function intervalPlot(rows: readonly IntervalRow[], { title, axis, domain, rule }: IntervalPlotOptions): string {
  const known = rows.filter((row): row is IntervalRow & { value: number } => row.value !== null);
  const series = [...new Set(known.map((row) => row.series ?? ''))];
  const labels = [...new Set(known.map(({ label }) => label))];
  const [low, high] = domain ?? spanOf(known, rule);
  const at = (value: number): number =>
    margin + Math.max(0, Math.min(1, (value - low) / (high - low))) * (width - 2 * margin);
  const legend = series.length > 1 ? series.length * 16 : 0;
  const step = 22 + 10 * series.length;
  const top = 24 + legend;
  const bottom = top + step * labels.length;
  const ticks = ticksOf(low, high, 5);
  // Lines are drawn below labels, not through them.
  const upright = (value: number): string =>
    labels.map((_, i) => `M${digits(at(value))} ${top + step * i + 18}V${top + step * (i + 1)}`).join('');
  return drawing(width, bottom + 42, [
    textAt(0, 14, title, { bold: true, size: 13, most: width }),
    ...(legend === 0
      ? []
      : series.map(
          (name, i) =>
            shapeAt(i, 6, 32 + 16 * i, seriesLook(i).colour) + textAt(16, 36 + 16 * i, name, { most: width - 16 }),
        )),
    ...ticks.map(
      (tick) =>
        `<path d="${upright(tick)}" stroke="${pageColour('line')}"/>${textAt(at(tick), bottom + 16, tickText(tick), { anchor: 'middle', size: 11, colour: pageColour('muted') })}`,
    ),
    rule === undefined ? '' : `<path d="${upright(rule)}" stroke="${pageColour('muted')}" stroke-dasharray="3 3"/>`,
    ...labels.map((label, i) => textAt(0, top + step * i + 14, label, { most: width })),
    ...known.map((row) => {
      const place = series.indexOf(row.series ?? '');
      const y = top + step * labels.indexOf(row.label) + 25 + 10 * place;
      const { colour } = seriesLook(place);
      const line =
        row.low === null || row.high === null
          ? ''
          : `<path d="M${digits(at(row.low))} ${y}H${digits(at(row.high))}" stroke="${colour}" stroke-width="2"/>`;
      return line + shapeAt(place, at(row.value), y, colour);
    }),
    textAt(width / 2, bottom + 34, axis, { anchor: 'middle', size: 11, colour: pageColour('muted'), most: width }),
  ]);
}

function spanOf(rows: readonly (IntervalRow & { value: number })[], rule?: number): [number, number] {
  let [low, high] = rule === undefined ? [Infinity, -Infinity] : [rule, rule];
  for (const row of rows) {
    low = Math.min(low, row.low ?? row.value, row.value);
    high = Math.max(high, row.high ?? row.value, row.value);
  }
  if (!(low < high)) return rows.length === 0 ? [0, 1] : [low - 0.5, high + 0.5];
  return [low, high];
}
