import { digits, drawing, pageColour, seriesLook, textAt, ticksOf, tickText } from './drawing.js';
import { shapeAt } from './interval-strip.js';
import { endsOf } from './row-frame.js';

/** A point of a scatter plot. */
export interface ScatterPoint {
  x: number;
  /** null where it is undefined: the point is not drawn. */
  y: number | null;
  /** Which of the series it is of. Default 0. */
  series?: number;
}

/** A plot of points with two axes. */
export interface ScatterPanel {
  title: string;
  points: readonly ScatterPoint[];
  xTitle: string;
  yTitle: string;
  /** Names of the series; of one alone no legend is drawn. Default one without a name. */
  series?: readonly string[];
  /** Whether the x axis is logarithmic; all x are above 0 then. Default false. */
  isLog?: boolean;
}

/** Pixels: a panel and its text fit a telephone as they are. */
const width = 264;
const plot = { width: 206, height: 150, left: 48 };

/** A small plot of points; those of a series have a colour and a shape. @returns an SVG. */
export function scatterPanel({ title, points, xTitle, yTitle, series = [''], isLog = false }: ScatterPanel): string {
  const known = points.filter((point): point is ScatterPoint & { y: number } => point.y !== null);
  const scaled = (x: number): number => (isLog ? Math.log10(x) : x);
  const [x0, x1] = widened(endsOf(known.map(({ x }) => scaled(x))));
  const [y0, y1] = widened(endsOf(known.map(({ y }) => y)));
  const legend = series.length > 1 ? series.length * 16 : 0;
  const top = 46 + legend;
  const bottom = top + plot.height;
  const atX = (x: number): number => plot.left + ((scaled(x) - x0) / (x1 - x0)) * plot.width;
  const atY = (y: number): number => bottom - ((y - y0) / (y1 - y0)) * plot.height;
  const muted = { size: 11, colour: pageColour('muted') };
  return drawing(width, bottom + 40, [
    textAt(0, 14, title, { bold: true, size: 13, most: width }),
    ...(legend === 0
      ? []
      : series.map(
          (name, i) =>
            shapeAt(i, 6, 32 + 16 * i, seriesLook(i).colour) + textAt(16, 36 + 16 * i, name, { most: width - 16 }),
        )),
    textAt(0, top - 8, yTitle, { ...muted, most: width }),
    ...ticksOf(y0, y1).map(
      (tick) =>
        `<path d="M${plot.left} ${digits(atY(tick))}H${plot.left + plot.width}" stroke="${pageColour('line')}"/>${textAt(plot.left - 6, atY(tick) + 4, tickText(tick), { ...muted, anchor: 'end' })}`,
    ),
    ...(isLog ? logTicks(x0, x1) : ticksOf(x0, x1, 5)).map((tick) =>
      textAt(atX(tick), bottom + 16, isLog ? powerText(tick) : tickText(tick), { ...muted, anchor: 'middle' }),
    ),
    ...known.map(({ x, y, series: of = 0 }) => shapeAt(of, atX(x), atY(y), seriesLook(of).colour)),
    textAt(plot.left + plot.width / 2, bottom + 33, xTitle, { ...muted, anchor: 'middle', most: plot.width }),
  ]);
}

/** Ends with room for the points on them. */
function widened([low, high]: readonly [number, number]): [number, number] {
  const margin = 0.06 * (high - low);
  return [low - margin, high + margin];
}

/** Values of a logarithmic axis, of all or some powers of ten; of less than a decade 1, 2 and 5 of one. */
function logTicks(low: number, high: number): number[] {
  const powers = Array.from({ length: Math.floor(high) - Math.ceil(low) + 1 }, (_, i) => Math.ceil(low) + i);
  const every = Math.ceil(powers.length / 4);
  if (powers.length >= 2) return powers.filter((_, i) => i % every === 0).map((power) => Number(`1e${power}`));
  return [Math.floor(low), Math.floor(low) + 1]
    .flatMap((power) => [1, 2, 5].map((digit) => Number(`${digit}e${power}`)))
    .filter((tick) => Math.log10(tick) >= low && Math.log10(tick) <= high);
}

/** A number of any size in a few characters. */
function powerText(value: number): string {
  return value >= 0.01 && value < 10_000 ? tickText(value) : value.toExponential().replace('e+', 'e').replace('-', '−');
}
