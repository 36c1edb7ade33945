import { drawing, textAt } from './drawing.js';

/** An image with a caption. */
export interface Thumbnail {
  /** PNG bytes. */
  png: Uint8Array;
  /** Lines below the image. */
  caption: readonly string[];
}

/**
 * A grid of images with captions, self-contained SVG. Images of patients stay in it: publish it only where that is allowed.
 *
 * @param options.size edge of an image in pixels. Default 150.
 * @param options.columns images per row. Default 2.
 */
export function thumbnails(
  images: readonly Thumbnail[],
  { size = 150, columns = 2 }: { size?: number; columns?: number } = {},
): string {
  const line = 14;
  const lines = Math.max(0, ...images.map(({ caption }) => caption.length));
  const [stepX, stepY] = [size + 20, size + 16 + lines * line];
  const rows = Math.ceil(images.length / columns);
  const [width, height] = [Math.min(columns, Math.max(1, images.length)) * stepX, Math.max(1, rows) * stepY];
  const parts = images.map(({ png, caption }, i) => {
    const [x, y] = [(i % columns) * stepX, Math.floor(i / columns) * stepY];
    const href = `data:image/png;base64,${Buffer.from(png).toString('base64')}`;
    const text = caption.map((words, at) => textAt(x, y + size + 15 + at * line, words, { size: 11, most: stepX - 8 }));
    return `<image x="${x}" y="${y}" width="${size}" height="${size}" href="${href}"/>${text.join('')}`;
  });
  return drawing(width, height, parts);
}
