import { digits, drawing, seriesLook } from './drawing.js';
import { shapeAt } from './interval-strip.js';
import { endsOf, frameWidth, rowFrame } from './row-frame.js';

/** A value with its confidence interval; `series` distinguishes several values of a label. */
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

/**
 * Values as points and intervals as lines, a label above each row; series have a line, a colour and a shape each. Rows whose value
 * is null are not drawn. @returns an SVG.
 */
export function intervalPlot(rows: readonly IntervalRow[], { title, axis, domain, rule }: IntervalPlotOptions): string {
  const known = rows.filter((row): row is IntervalRow & { value: number } => row.value !== null);
  const series = [...new Set(known.map((row) => row.series ?? ''))];
  const labels = [...new Set(known.map(({ label }) => label))];
  const ends = known.flatMap(({ value, low, high }) => [value, low ?? value, high ?? value]);
  const { height, parts, at, topOf } = rowFrame({
    ...{ labels, title, axis, rule, series },
    domain: domain ?? (known.length === 0 ? [0, 1] : endsOf(rule === undefined ? ends : [rule, ...ends])),
    room: 10 * series.length,
  });
  return drawing(frameWidth, height, [
    ...parts,
    ...known.map((row) => {
      const place = series.indexOf(row.series ?? '');
      const y = topOf(labels.indexOf(row.label)) + 3 + 10 * place;
      const { colour } = seriesLook(place);
      const line =
        row.low === null || row.high === null
          ? ''
          : `<path d="M${digits(at(row.low))} ${y}H${digits(at(row.high))}" stroke="${colour}" stroke-width="2"/>`;
      return line + shapeAt(place, at(row.value), y, colour);
    }),
  ]);
}
