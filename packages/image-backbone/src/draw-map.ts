import type { Sharp } from 'sharp';
import type { Preprocessing } from './decode.js';
import { decoding, imageSize, nameOf, readImage } from './image-file.js';
import { loadSharp } from './load-sharp.js';
import { openImage } from './open-image.js';

/** A rectangle in pixels. */
export interface PixelWindow {
  x: number;
  y: number;
  w: number;
  h: number;
}

/** The part of an image that a model sees as its square, in pixels of the image: outside of it where borders were added. */
export function visibleWindow(
  { width, height }: { width: number; height: number },
  { size, fit, resize = size }: Preprocessing,
): PixelWindow {
  const share = size / resize;
  if (fit === 'stretch')
    return { x: (width * (1 - share)) / 2, y: (height * (1 - share)) / 2, w: width * share, h: height * share };
  const side = (fit === 'pad' ? Math.max(width, height) : Math.min(width, height)) * share;
  return { x: (width - side) / 2, y: (height - side) / 2, w: side, h: side };
}

/** What {@link drawMap} draws over an image. */
export interface DrawnMap {
  /** [grid, grid] row by row, in [0, 1]. */
  values: ArrayLike<number>;
  grid: number;
  window: PixelWindow;
  boxes: readonly PixelWindow[];
}

/**
 * An image with a map over it, from clear through red to yellow, and with boxes around what stands out.
 *
 * @param source a path, or the bytes of a file.
 * @returns the bytes of a PNG of the image's size.
 * @throws {InputError} if it is no image.
 */
export async function drawMap(source: string | Uint8Array, map: DrawnMap, name = nameOf(source)): Promise<Uint8Array> {
  return decoding(name, async () => new Uint8Array(await (await drawn(source, map, name)).png().toBuffer()));
}

/** Colours of an image. */
export interface ColourImage {
  /** [height, width, 3] row by row: red, green, blue in [0, 255]. */
  data: Uint8Array;
  width: number;
  height: number;
}

/**
 * The colours of an image, with a map over it where one is given, as {@link drawMap} draws it.
 *
 * @throws {InputError} if it is no image.
 */
export async function mapColours(
  source: string | Uint8Array,
  map?: DrawnMap,
  name = nameOf(source),
): Promise<ColourImage> {
  return decoding(name, async () => {
    const image = await drawn(source, map, name);
    const { data, info } = await image.removeAlpha().raw().toBuffer({ resolveWithObject: true });
    return { data: new Uint8Array(data), width: info.width, height: info.height };
  });
}

async function drawn(source: string | Uint8Array, map: DrawnMap | undefined, name: string): Promise<Sharp> {
  const bytes = typeof source === 'string' ? await readImage(source) : source;
  const image = await (await openImage(bytes, name)).image.toColourspace('srgb').png().toBuffer();
  const sharp = await loadSharp();
  if (!map) return sharp(image);
  const { values, grid, window, boxes } = map;
  const { width, height } = await imageSize(bytes, name);
  const colours = Buffer.from(
    Array.from({ length: grid * grid }, (_, at) => {
      const value = Math.min(1, Math.max(0, values[at]));
      return [255, Math.round(255 * Math.max(0, 2 * value - 1)), 0, Math.round(170 * value)];
    }).flat(),
  );
  const [w, h] = [Math.max(1, Math.round(window.w)), Math.max(1, Math.round(window.h))];
  const whole = await sharp(colours, { raw: { width: grid, height: grid, channels: 4 } })
    .resize(w, h, { fit: 'fill', kernel: 'linear' })
    .png()
    .toBuffer();
  // Only what lies on the image can be laid over it.
  const [left, top] = [Math.max(0, Math.round(-window.x)), Math.max(0, Math.round(-window.y))];
  const over = await sharp(whole)
    .extract({ left, top, width: Math.min(w - left, width), height: Math.min(h - top, height) })
    .png()
    .toBuffer();
  const line = Math.max(1, Math.round(Math.max(width, height) / 200));
  const rectangles = boxes.map(
    (box) =>
      `<rect x="${box.x}" y="${box.y}" width="${box.w}" height="${box.h}" fill="none" stroke="#00e5ff" stroke-width="${line}"/>`,
  );
  const frame = Buffer.from(
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${rectangles.join('')}</svg>`,
  );
  return sharp(image).composite([
    { input: over, left: Math.max(0, Math.round(window.x)), top: Math.max(0, Math.round(window.y)) },
    { input: frame, left: 0, top: 0 },
  ]);
}
