import { digits, drawing, pageColour, seriesLook, textAt, textWidth, ticksOf, tickText } from './drawing.js';

/** One line of a panel. Points that are not finite are left out. */
export interface PanelLine {
  name: string;
  x: ArrayLike<number>;
  y: ArrayLike<number>;
  /** What stands beside its name, such as its AUROC. */
  score?: string;
  /** Marks every point. Default false. */
  hasPoints?: boolean;
}

/** A plot of lines with two axes. */
export interface CurvePanel {
  title: string;
  lines: readonly PanelLine[];
  xTitle: string;
  yTitle?: string;
  /** Ends of each axis. Default [0, 1]; those of the values with `'values'`. */
  xDomain?: readonly [number, number] | 'values';
  yDomain?: readonly [number, number] | 'values';
  /** Numbers the x axis by whole numbers alone, such as epochs. Default false. */
  isWhole?: boolean;
  /** Ends of a dashed line to hold the others against. */
  reference?: readonly [readonly [number, number], readonly [number, number]];
}

/** Longer curves are thinned to about this many points; their ends are kept. */
const mostPoints = 100;
/** Pixels: a panel and its text fit a telephone as they are. */
const width = 264;
const plot = { width: 206, height: 150, left: 48 };

/** A small plot of lines, each with its name and score above. @returns an SVG. */
export function curvePanel({
  title,
  lines,
  xTitle,
  yTitle,
  xDomain,
  yDomain,
  reference,
  isWhole = false,
}: CurvePanel): string {
  const points = lines.map(pointsOf);
  const [x0, x1] = domainOf(xDomain, points, 0);
  const [y0, y1] = domainOf(yDomain, points, 1);
  const top = 32 + 16 * lines.length + (yTitle === undefined ? 0 : 14);
  const atX = (value: number): number => plot.left + ((value - x0) / (x1 - x0)) * plot.width;
  const atY = (value: number): number => top + plot.height - ((value - y0) / (y1 - y0)) * plot.height;
  const bottom = top + plot.height;
  const end = plot.left + plot.width;
  const grid = ticksOf(y0, y1).map(
    (tick) =>
      `<path d="M${plot.left} ${digits(atY(tick))}H${end}" stroke="${pageColour('line')}"/>${textAt(plot.left - 6, atY(tick) + 4, tickText(tick), { anchor: 'end', size: 11, colour: pageColour('muted') })}`,
  );
  const marks = xTicks(x0, x1, isWhole).map((tick) =>
    textAt(atX(tick), bottom + 16, tickText(tick), { anchor: 'middle', size: 11, colour: pageColour('muted') }),
  );
  const drawn = lines.map(({ hasPoints = false }, i) => {
    const { colour, dash } = seriesLook(i);
    const inside = points[i].map(([x, y]) => [digits(atX(x)), digits(Math.min(bottom, Math.max(top, atY(y))))]);
    if (inside.length === 0) return '';
    const dots = hasPoints
      ? inside.map(([x, y]) => `<circle cx="${x}" cy="${y}" r="3" fill="${colour}"/>`).join('')
      : '';
    return `<path d="M${inside.map((point) => point.join(' ')).join('L')}" fill="none" stroke="${colour}" stroke-width="2" stroke-linejoin="round"${dash}/>${dots}`;
  });
  return drawing(width, bottom + 40, [
    textAt(0, 14, title, { bold: true, size: 13, most: width }),
    ...lines.map((line, i) => legendLine(line, i, 24 + 16 * i)),
    yTitle === undefined ? '' : textAt(0, top - 8, yTitle, { size: 11, colour: pageColour('muted'), most: width }),
    ...grid,
    ...marks,
    reference ? dashed(reference.map(([x, y]) => `${digits(atX(x))} ${digits(atY(y))}`)) : '',
    ...drawn,
    textAt(plot.left + plot.width / 2, bottom + 33, xTitle, {
      anchor: 'middle',
      size: 11,
      colour: pageColour('muted'),
    }),
  ]);
}

/** The sign of a series, its name and its score. */
export function legendLine({ name, score = '' }: Pick<PanelLine, 'name' | 'score'>, at: number, y: number): string {
  const { colour, dash } = seriesLook(at);
  const room = width - 30 - (score === '' ? 0 : textWidth(score) + 8);
  return `<path d="M0 ${y + 6}H22" stroke="${colour}" stroke-width="2.5"${dash}/>${textAt(28, y + 10, name, { most: room })}${score === '' ? '' : textAt(width, y + 10, score, { anchor: 'end' })}`;
}

function dashed(ends: readonly string[]): string {
  return `<path d="M${ends.join('L')}" stroke="${pageColour('muted')}" stroke-dasharray="3 3"/>`;
}

/** The ends and the middle of an axis, or round values between. */
function xTicks(low: number, high: number, isWhole: boolean): number[] {
  if (isWhole) return ticksOf(low, high, Math.max(1, Math.min(4, high - low))).filter(Number.isInteger);
  return low === 0 && high === 1 ? [0, 0.5, 1] : ticksOf(low, high, 4);
}

function domainOf(
  given: CurvePanel['xDomain'],
  lines: readonly (readonly (readonly [number, number])[])[],
  axis: 0 | 1,
): readonly [number, number] {
  if (given === undefined) return [0, 1];
  if (given !== 'values') return given;
  const values = lines.flatMap((points) => points.map((point) => point[axis]));
  const [low, high] = values.reduce(([a, b], value) => [Math.min(a, value), Math.max(b, value)], [Infinity, -Infinity]);
  if (!(low < high)) return values.length === 0 ? [0, 1] : [low - 0.5, high + 0.5];
  const margin = axis === 1 ? 0.06 * (high - low) : 0;
  return [low - margin, high + margin];
}

function pointsOf({ x, y }: PanelLine): [number, number][] {
  const step = Math.max(1, Math.ceil(x.length / mostPoints));
  const points: [number, number][] = [];
  for (let i = 0; i < x.length; i++)
    if ((i % step === 0 || i === x.length - 1) && Number.isFinite(x[i]) && Number.isFinite(y[i]))
      points.push([x[i], y[i]]);
  return points;
}
