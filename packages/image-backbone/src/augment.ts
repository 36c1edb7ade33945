import type { RandomStream } from '@cxr-align/random';

/** How far an image is changed at random; 0 switches a change off. */
export interface Augmentation {
  /** Largest turn to either side, in degrees. */
  rotation: number;
  /** Largest shift along each axis, as a share of the size. */
  translation: number;
  /** Largest growth or shrinkage, as a share of the size. */
  scale: number;
  /** Largest change of the mean grey value, as a share of the whole range. */
  brightness: number;
  /** Largest change of the contrast, as a share of it. */
  contrast: number;
  /** Probability of turning left and right round. A chest is not symmetric: 0 unless you know better. */
  flip: number;
}

/**
 * Writes one image, changed at random, as grey values in [0, 1]; what comes from outside of it repeats its border.
 *
 * @param pixels size × size grey values in [0, 255].
 * @param out receives size × size numbers from `start` on.
 */
export function augmentImage(
  pixels: Uint8Array,
  size: number,
  augmentation: Augmentation,
  random: RandomStream,
  out: Float32Array,
  start: number,
): void {
  const within = (most: number): number => most * (2 * random.uniform() - 1);
  const angle = (within(augmentation.rotation) * Math.PI) / 180;
  const shiftX = within(augmentation.translation) * size;
  const shiftY = within(augmentation.translation) * size;
  const zoom = 1 / (1 + within(augmentation.scale));
  const gain = (1 + within(augmentation.contrast)) / 255;
  const offset = within(augmentation.brightness);
  const mirror = random.chance(augmentation.flip) ? -1 : 1;
  const cos = Math.cos(angle) * zoom;
  const sin = Math.sin(angle) * zoom;
  const middle = (size - 1) / 2;
  const last = size - 1;
  for (let y = 0, at = start; y < size; y++) {
    const dy = y - middle - shiftY;
    for (let x = 0; x < size; x++, at++) {
      const dx = (x - middle) * mirror - shiftX;
      const sourceX = Math.min(last, Math.max(0, cos * dx + sin * dy + middle));
      const sourceY = Math.min(last, Math.max(0, cos * dy - sin * dx + middle));
      const left = sourceX | 0;
      const top = sourceY | 0;
      const right = left < last ? left + 1 : left;
      const below = top < last ? size : 0;
      const fx = sourceX - left;
      const fy = sourceY - top;
      const row = top * size;
      const upper = pixels[row + left] * (1 - fx) + pixels[row + right] * fx;
      const lower = pixels[row + below + left] * (1 - fx) + pixels[row + below + right] * fx;
      out[at] = (upper * (1 - fy) + lower * fy) * gain + offset;
    }
  }
}
