import { digits, drawing, pageColour, textAt, textWidth, ticksOf, tickText } from './drawing.js';

/** Cividis, which looks the same to those who see no red or no green. */
const colours = [
  '#00224e',
  '#123570',
  '#3b496c',
  '#575d6d',
  '#707173',
  '#8a8678',
  '#a59c74',
  '#c3b369',
  '#e1cc55',
  '#fee838',
];
/** Rows need this many pixels for their names. */
const cell = 15;

/**
 * A matrix as a heatmap, each row a line of its cells.
 *
 * @param values [labels, columns] in row-major order; NaN is drawn as an empty cell.
 * @param options.columns names of the columns. Default the labels: a square matrix.
 * @returns an SVG.
 * @throws {RangeError} if `values` does not have labels × columns entries.
 */
export function heatmap(
  labels: readonly string[],
  values: ArrayLike<number>,
  title: string,
  { columns = labels }: { columns?: readonly string[] } = {},
): string {
  if (values.length !== labels.length * columns.length)
    throw new RangeError(
      `report/heatmap: expected ${labels.length} × ${columns.length} values, got ${values.length}; try options.columns for a matrix that is not square`,
    );
  const [low, high] = spanOf(values);
  const [left, below] = [longest(labels, 130) + 8, longest(columns, 190) + 14];
  const top = 64;
  const [across, down] = [columns.length * cell, labels.length * cell];
  return drawing(Math.max(left + across + 8, 240), top + down + below, [
    textAt(0, 14, title, { bold: true, size: 13, most: Math.max(left + across, 240) }),
    ...scale(low, high),
    ...labels.map((name, i) =>
      textAt(left - 6, top + i * cell + 11, name, { anchor: 'end', size: 11, most: left - 8 }),
    ),
    ...columns.map((name, i) =>
      textAt(left + i * cell + 11, top + down + 6, name, { anchor: 'end', size: 11, most: below - 10, turned: -90 }),
    ),
    `<g transform="translate(${digits(left)} ${top}) scale(${cell})" shape-rendering="crispEdges">`,
    ...cellsByColour(values, columns.length, { low, high }),
    '</g>',
  ]);
}

function longest(names: readonly string[], most: number): number {
  return names.reduce((width, name) => Math.min(most, Math.max(width, textWidth(name, 11))), 20);
}

/** A path for each colour: neighbours of one colour in a row are one stroke, so that a large matrix stays small. */
function cellsByColour(
  values: ArrayLike<number>,
  columns: number,
  { low, high }: { low: number; high: number },
): string[] {
  const strokes = colours.map(() => '');
  const colourOf = (at: number): number =>
    Number.isNaN(values[at])
      ? -1
      : Math.min(colours.length - 1, Math.floor(((values[at] - low) / (high - low || 1)) * colours.length));
  for (let start = 0; start < values.length;) {
    const colour = colourOf(start);
    let end = start + 1;
    while (end < values.length && end % columns !== 0 && colourOf(end) === colour) end++;
    if (colour >= 0) strokes[colour] += `M${start % columns} ${Math.floor(start / columns) + 0.5}h${end - start}`;
    start = end;
  }
  return strokes.map((path, i) => (path === '' ? '' : `<path d="${path}" stroke="${colours[i]}"/>`));
}

function scale(low: number, high: number): string[] {
  const long = 200;
  const at = (value: number): number => 10 + ((value - low) / (high - low || 1)) * long;
  return [
    ...colours.map(
      (colour, i) =>
        `<rect x="${digits(10 + (i * long) / colours.length)}" y="24" width="${long / colours.length}" height="10" fill="${colour}"/>`,
    ),
    ...ticksOf(low, high, 4).map((tick) =>
      textAt(at(tick), 48, tickText(tick), { anchor: 'middle', size: 11, colour: pageColour('muted') }),
    ),
  ];
}

function spanOf(values: ArrayLike<number>): [number, number] {
  let [low, high] = [Infinity, -Infinity];
  for (let i = 0; i < values.length; i++) {
    if (values[i] < low) low = values[i];
    if (values[i] > high) high = values[i];
  }
  return low <= high ? [low, high] : [0, 1];
}
