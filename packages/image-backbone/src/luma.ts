/** How colour values lie: so many from a pixel to the next, and from a sample of it to the next. */
interface ColourLayout {
  channels: number;
  /** Values from red to green. Default 1. */
  plane?: number;
}

/**
 * ITU-R 601 luma of red, green and blue, the one rule by which colour becomes grey in every coding:
 *
 *   Y = (19595 R + 38470 G + 7471 B + 32768) >> 16
 *
 * which is 0.299 R + 0.587 G + 0.114 B rounded as PIL's `convert('L')` rounds it; grey values stay what they are.
 *
 * @param bytes values in [0, 255], pixel by pixel or plane by plane.
 * @returns a value in [0, 255] for each pixel.
 * @see ITU-R BT.601-7, 2.5.1.
 */
export function lumaOf(bytes: Uint8Array, { channels, plane = 1 }: ColourLayout): Uint8Array {
  const pixels = plane === 1 ? Math.floor(bytes.length / channels) : plane;
  const out = new Uint8Array(pixels);
  for (let i = 0, at = 0; i < pixels; i++, at += channels)
    out[i] = (19595 * bytes[at] + 38470 * bytes[at + plane] + 7471 * bytes[at + 2 * plane] + 32768) >> 16;
  return out;
}
