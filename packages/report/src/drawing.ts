import { escapeHtml } from './escape-html.js';

/** The colours of pages and figures on white; those of series are distinguishable by the colour-blind (after Okabe and Ito). */
export const lightColours = {
  ink: '#1b1f24',
  muted: '#57606a',
  paper: '#ffffff',
  soft: '#f2f5f8',
  line: '#d0d7de',
  link: '#0059a3',
  c0: '#0072b2',
  c1: '#c24e00',
  c2: '#007f5f',
  c3: '#a8528a',
  c4: '#8a6a00',
  c5: '#59636e',
};

/** The same names on black. */
export const darkColours: typeof lightColours = {
  ink: '#e6e8ea',
  muted: '#a5afb9',
  paper: '#14171b',
  soft: '#1f242a',
  line: '#3a424b',
  link: '#8ec5f4',
  c0: '#56b4e9',
  c1: '#f28e4b',
  c2: '#2bc29a',
  c3: '#e39cc6',
  c4: '#e6b422',
  c5: '#c5cad1',
};

/** A colour of the page around a figure. */
export function pageColour(name: keyof typeof lightColours): string {
  return `var(--${name})`;
}

const seriesColours = ['c0', 'c1', 'c2', 'c3', 'c4', 'c5'] as const;
const dashes = ['', '7 3', '2 2', '8 3 2 3', '4 2', '1 3'];

/** How the lines of a series look; colours come again after six, each with a dash of its own. */
export function seriesLook(at: number): { colour: string; dash: string } {
  const place = at % seriesColours.length;
  return { colour: pageColour(seriesColours[place]), dash: dashes[place] && ` stroke-dasharray="${dashes[place]}"` };
}

/** An SVG in the colours of the page that it stands on. Its text is 12 pixels high, and it is never shown smaller. */
export function drawing(width: number, height: number, body: readonly string[]): string {
  const [w, h] = [Math.ceil(width), Math.ceil(height)];
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${w}" height="${h}" viewBox="0 0 ${w} ${h}" font-size="12" fill="${pageColour('ink')}">${body.join('')}</svg>`;
}

/** Pixels around a figure that is a file of its own. */
const edge = 12;

/** A figure as a file of its own: on white, in light colours. */
export function standaloneSvg(svg: string): string {
  const { width, height } = sizeOf(svg);
  const [w, h] = [width + 2 * edge, height + 2 * edge];
  // Text has no such quotes: they are escaped there.
  const inside = svg
    .slice(svg.indexOf('>') + 1)
    .replace(/"var\(--(\w+)\)"/g, (_, name: string) => `"${lightColours[name as keyof typeof lightColours]}"`);
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${w}" height="${h}" viewBox="${-edge} ${-edge} ${w} ${h}" font-size="12" fill="${lightColours.ink}" font-family="DejaVu Sans, Verdana, sans-serif"><rect x="${-edge}" y="${-edge}" width="${w}" height="${h}" fill="${lightColours.paper}"/>${inside}`;
}

/** Figures side by side in one, each with its caption, such as the same panel of all labels. */
export function figureGrid(
  figures: readonly { svg: string; caption: string }[],
  { columns = 4 }: { columns?: number } = {},
): string {
  const sizes = figures.map(({ svg }) => sizeOf(svg));
  const width = Math.max(1, ...sizes.map((size) => size.width)) + 16;
  const height = Math.max(1, ...sizes.map((size) => size.height)) + 32;
  const parts = figures.map(({ svg, caption }, i) => {
    const [x, y] = [(i % columns) * width, Math.floor(i / columns) * height];
    return (
      textAt(x + 8, y + 16, caption, { most: width - 16, bold: true }) +
      svg.replace(/^<svg/, `<svg x="${x + 8}" y="${y + 24}"`)
    );
  });
  const across = Math.min(columns, Math.max(1, figures.length));
  return drawing(across * width, Math.max(1, Math.ceil(figures.length / columns)) * height, parts);
}

/** Width and height of a drawing. */
export function sizeOf(svg: string): { width: number; height: number } {
  const [, width, height] = /^<svg[^>]*? width="([\d.]+)" height="([\d.]+)"/.exec(svg) ?? ['', '0', '0'];
  return { width: Number(width), height: Number(height) };
}

/** How a line of text is written. */
export interface TextOptions {
  anchor?: 'start' | 'middle' | 'end';
  /** Pixels; 11 at least. Default 12. */
  size?: number;
  bold?: boolean;
  colour?: string;
  /** Longer text ends in an ellipsis, and is shown whole to whoever points at it. */
  most?: number;
  /** Degrees, about its place. */
  turned?: number;
}

/** A line of text. */
export function textAt(x: number, y: number, text: string, options: TextOptions = {}): string {
  const { anchor = 'start', size = 12, bold = false, colour, most = Infinity, turned } = options;
  const shown = shortened(text, most, bold ? 1.12 * size : size);
  const attributes = [
    anchor === 'start' ? '' : ` text-anchor="${anchor}"`,
    size === 12 ? '' : ` font-size="${size}"`,
    bold ? ' font-weight="600"' : '',
    colour === undefined ? '' : ` fill="${colour}"`,
    turned === undefined ? '' : ` transform="rotate(${turned} ${digits(x)} ${digits(y)})"`,
  ];
  const whole = shown === text ? '' : `<title>${escapeHtml(text)}</title>`;
  return `<text x="${digits(x)}" y="${digits(y)}"${attributes.join('')}>${whole}${escapeHtml(shown)}</text>`;
}

/** Where a text would be longer than some pixels: as much of it as fits, and an ellipsis. */
export function shortened(text: string, most: number, size = 12): string {
  if (textWidth(text, size) <= most) return text;
  let kept = '';
  for (const { segment } of new Intl.Segmenter().segment(text)) {
    if (textWidth(`${kept}${segment}…`, size) > most) break;
    kept += segment;
  }
  return `${kept.trimEnd()}…`;
}

/** An upper estimate of a text's width in pixels, as there is no font to ask. */
export function textWidth(text: string, size = 12): number {
  let ems = 0;
  for (const sign of text)
    ems +=
      sign > '\u2e7f'
        ? 1.3
        : /[MWm@%]/.test(sign)
          ? 1.02
          : /[A-Zw&_=+<>−–~]/.test(sign)
            ? 0.84
            : /[ilj.,:;'|!()[\]frt ]/.test(sign)
              ? 0.42
              : 0.65;
  return ems * size;
}

/** A number of pixels, to a tenth. */
export function digits(value: number): string {
  return String(Math.round(value * 10) / 10);
}

/** Round values that span an interval, about `count` of them; their steps are 1, 2 or 5 times a power of ten. */
export function ticksOf(low: number, high: number, count = 4): number[] {
  const span = high - low;
  if (!(span > 0)) return [low];
  const raw = span / count;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = power * ([1, 2, 5, 10].find((one) => one * power >= raw * 0.999) ?? 10);
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  return Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)));
}

/** A tick as text, with as many digits as its neighbours need. */
export function tickText(value: number): string {
  if (Math.abs(value) >= 10_000) return `${Number((value / 1000).toPrecision(3))}k`;
  return String(Number(value.toPrecision(3))).replace('-', '−');
}
