import { digits, drawing, pageColour, seriesLook } from './drawing.js';
import { shapeAt } from './interval-strip.js';
import { endsOf, frameWidth, rowFrame } from './row-frame.js';

/** Several values of the same thing, such as the scores of runs that differ by their random seed alone. */
export interface SpreadRow {
  label: string;
  values: readonly SpreadValue[];
  /** Drawn as a line through the row; none unless given. */
  mean?: number | null;
}

/** One of them. */
export interface SpreadValue {
  /** null where it is undefined: it is not drawn. */
  value: number | null;
  /** Which of the series it is of. Default 0. */
  series?: number;
}

/** How values are drawn. */
export interface SpreadPlotOptions {
  title: string;
  axis: string;
  /** Names of the series; of one alone no legend is drawn. Default one without a name. */
  series?: readonly string[];
  /** A value to hold all others against, such as chance: drawn where it is within the values. */
  rule?: number;
}

/** Values as points on a line, a label above each row, and their mean as a line across it. @returns an SVG. */
export function spreadPlot(rows: readonly SpreadRow[], options: SpreadPlotOptions): string {
  const { title, axis, series = [''], rule } = options;
  const known = rows.map(({ values }) =>
    values.filter((one): one is SpreadValue & { value: number } => one.value !== null),
  );
  const domain = endsOf(known.flat().map(({ value }) => value));
  const isWithin = rule !== undefined && rule >= domain[0] && rule <= domain[1];
  const { height, parts, at, topOf } = rowFrame({
    ...{ title, axis, domain, series, room: 14 },
    labels: rows.map(({ label }) => label),
    ...(isWithin && { rule }),
  });
  return drawing(frameWidth, height, [
    ...parts,
    ...rows.map(({ mean = null }, row) => {
      const y = topOf(row) + 4;
      const places = known[row].map(({ value }) => at(value));
      const line =
        known[row].length < 2
          ? ''
          : `<path d="M${digits(Math.min(...places))} ${y}H${digits(Math.max(...places))}" stroke="${pageColour('muted')}"/>`;
      const points = known[row].map(({ value, series: of = 0 }) => shapeAt(of, at(value), y, seriesLook(of).colour));
      const middle =
        mean === null
          ? ''
          : `<path d="M${digits(at(mean))} ${y - 8}V${y + 8}" stroke="${pageColour('ink')}" stroke-width="2"/>`;
      return line + points.join('') + middle;
    }),
  ]);
}
