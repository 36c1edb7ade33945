import type { Matrix } from '@cxr-align/heads';
import { RandomStream } from '@cxr-align/random';
import { rowProduct, type Rows } from './row-product.js';

/** The images that are nearest to each image. */
export interface NearImages {
  /** Neighbours of an image. */
  count: number;
  /** [images, count] rows of the neighbours, the nearest first; −1 where there are fewer. */
  rows: Int32Array;
  /** [images, count] cosines in the centred feature space. */
  similarities: Float64Array;
  /** Images that each was compared with at most. */
  comparedWith: number;
}

/** Images that each image is compared with at most: the time grows with the product. */
const mostCompared = 5000;

/** Each row less the mean of all, as a unit vector in float32. */
export function centredUnits({ rows, columns, data }: Matrix): Float32Array {
  const mean = new Float64Array(columns);
  for (let at = 0; at < data.length; at++) mean[at % columns] += data[at] / rows;
  const units = new Float32Array(data.length);
  for (let row = 0; row < rows; row++) {
    const start = row * columns;
    let square = 0;
    for (let i = 0; i < columns; i++) square += (data[start + i] - mean[i]) ** 2;
    const scale = square > 0 ? 1 / Math.sqrt(square) : 0;
    for (let i = 0; i < columns; i++) units[start + i] = (data[start + i] - mean[i]) * scale;
  }
  return units;
}

/**
 * The images of other patients that are most like each image. In sets of more than 5,000 images each is compared with 5,000 that are
 * drawn at random.
 *
 * @param groups of each image: the number of its patient.
 */
export function nearImages(
  features: Matrix,
  {
    groups,
    count,
    seed,
    onRow,
  }: { groups: ArrayLike<number>; count: number; seed: number; onRow?: (row: number) => void },
): NearImages {
  const { rows: images, columns } = features;
  const units: Rows = { columns, data: centredUnits(features) };
  const pool =
    images <= mostCompared
      ? Uint32Array.from({ length: images }, (_, row) => row)
      : new RandomStream({ seed, purpose: 'neighbours' }).permutation(images).slice(0, mostCompared).sort();
  const rows = new Int32Array(images * count).fill(-1);
  const similarities = new Float64Array(images * count);
  const best: { row: number; similarity: number }[] = [];
  for (let image = 0; image < images; image++) {
    onRow?.(image);
    best.length = 0;
    for (const other of pool) {
      if (groups[other] === groups[image]) continue;
      const similarity = rowProduct(units, image, units, other);
      if (best.length === count && similarity <= best[count - 1].similarity) continue;
      let place = best.length;
      while (place > 0 && best[place - 1].similarity < similarity) place--;
      best.splice(place, 0, { row: other, similarity });
      if (best.length > count) best.pop();
    }
    best.forEach((one, at) => {
      rows[image * count + at] = one.row;
      similarities[image * count + at] = one.similarity;
    });
  }
  return { count, rows, similarities, comparedWith: pool.length };
}
