import { digits, pageColour, seriesLook, textAt, tickText } from './drawing.js';

/** What a strip draws: a value and its interval. */
export interface StripMark {
  /** null where it is undefined: nothing is drawn. */
  value: number | null;
  low: number | null;
  high: number | null;
  /** Too few cases for a reliable value: its interval is drawn alone, broken. */
  isSmall?: boolean;
}

/** The axis that the strips of a column share. */
export interface StripScale {
  domain: readonly [number, number];
  /** Values with a line through all rows, such as chance. */
  rules: readonly number[];
}

const width = 130;
const height = 20;
const margin = 18;

function placeOf({ domain: [low, high] }: StripScale, value: number): number {
  const share = Math.max(0, Math.min(1, (value - low) / (high - low)));
  return margin + share * (width - 2 * margin);
}

function strip(body: readonly string[]): string {
  return `<svg class="strip" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-size="11" aria-hidden="true">${body.join('')}</svg>`;
}

/** Intervals as lines and values as points, to stand in a cell of a table; ends beyond the scale are arrows. */
export function intervalStrip(marks: readonly StripMark[], scale: StripScale): string {
  const step = height / (marks.length + 1);
  return strip([
    `<path d="${scale.rules.map((rule) => `M${digits(placeOf(scale, rule))} 0V${height}`).join('')}" stroke="${pageColour('line')}"/>`,
    ...marks.map(({ value, low, high, isSmall = false }, i) => {
      if (value === null) return '';
      const y = digits(step * (i + 1));
      const { colour } = seriesLook(i);
      const [from, to] = [placeOf(scale, low ?? value), placeOf(scale, high ?? value)].map(digits);
      return `<path d="M${from} ${y}H${to}" stroke="${colour}" stroke-width="2"${isSmall ? ' stroke-dasharray="2 4"' : ''}/>${isSmall ? '' : shapeAt(i, placeOf(scale, value), Number(y), colour)}`;
    }),
  ]);
}

/** Pixels from the middle of a number to that of the next. */
const numberRoom = 24;

/** The numbers of a scale, for the head of its column: the first, the last, and those between for which there is room. */
export function stripAxis(scale: StripScale): string {
  const places = scale.rules.map((rule) => placeOf(scale, rule));
  let left = -Infinity;
  const shown = scale.rules.filter((_, i) => {
    const isLast = i === places.length - 1;
    const hasRoom = places[i] - left >= numberRoom && (isLast || places.at(-1)! - places[i] >= numberRoom);
    if (!hasRoom && !isLast) return false;
    left = places[i];
    return true;
  });
  return strip(
    shown.map((rule) =>
      textAt(placeOf(scale, rule), 14, tickText(rule), { anchor: 'middle', size: 11, colour: pageColour('muted') }),
    ),
  );
}

/** The point of a series: circle, square, diamond, and so on again, so that colour alone distinguishes nothing. */
export function shapeAt(series: number, x: number, y: number, colour: string): string {
  const [cx, cy] = [digits(x), digits(y)];
  // Colours come again after six, with another shape.
  const shape = (series + Math.floor(series / 6)) % 3;
  if (shape === 0) return `<circle cx="${cx}" cy="${cy}" r="4" fill="${colour}"/>`;
  if (shape === 1) return `<rect x="${digits(x - 3.5)}" y="${digits(y - 3.5)}" width="7" height="7" fill="${colour}"/>`;
  return `<path d="M${digits(x - 5)} ${cy}L${cx} ${digits(y - 5)}L${digits(x + 5)} ${cy}L${cx} ${digits(y + 5)}Z" fill="${colour}"/>`;
}
