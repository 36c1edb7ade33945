import { escapeHtml } from './html-report.js';

/** An image with a few words below it. */
export interface Thumbnail {
  /** PNG bytes. */
  png: Uint8Array;
  /** Lines below the image. */
  caption: readonly string[];
}

/** Images side by side, self-contained. They may be of patients: show them only where that is allowed. */
export function thumbnails(
  images: readonly Thumbnail[],
  { size = 120, columns = 5 }: { size?: number; columns?: number } = {},
): string {
  const line = 14;
  const lines = Math.max(0, ...images.map(({ caption }) => caption.length));
  const [stepX, stepY] = [size + 40, size + 14 + lines * line];
  const rows = Math.ceil(images.length / columns);
  const [width, height] = [Math.min(columns, Math.max(1, images.length)) * stepX, Math.max(1, rows) * stepY];
  const parts = images.map(({ png, caption }, i) => {
    const [x, y] = [(i % columns) * stepX, Math.floor(i / columns) * stepY];
    const href = `data:image/png;base64,${Buffer.from(png).toString('base64')}`;
    const text = caption.map(
      (words, at) => `<text x="${x}" y="${y + size + 14 + at * line}" font-size="10">${escapeHtml(words)}</text>`,
    );
    return `<image x="${x}" y="${y}" width="${size}" height="${size}" href="${href}"/>${text.join('')}`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="DejaVu Sans, Verdana, sans-serif"><rect width="${width}" height="${height}" fill="white"/>${parts.join('')}</svg>`;
}
