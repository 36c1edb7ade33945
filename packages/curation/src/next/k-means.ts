import { RandomStream } from '@cxr-align/random';
import { rowProduct, type Rows } from '../row-product.js';

/** Passes over the images after which the centres stay as they are. */
const mostPasses = 15;

/** Clusters of rows. */
export interface Clusters {
  /** Of each row: its cluster. */
  clusterOf: Int32Array;
  /** Of each row: its squared distance to the centre of its cluster. */
  distances: Float64Array;
  count: number;
}

/**
 * k-means with the start of k-means++: centres drawn in proportion to the squared distance to the nearest centre, then Lloyd's passes.
 *
 * @param units rows of length 1 or 0.
 * @param count of clusters, at most as many as there are different rows.
 * @see Arthur and Vassilvitskii 2007, k-means++: the advantages of careful seeding.
 */
export function kMeans(units: Rows, { count, seed }: { count: number; seed: number }): Clusters {
  const { columns } = units;
  const rows = units.data.length / columns;
  const centres = firstCentres(units, { count, seed });
  const found = centres.data.length / columns;
  const clusterOf = new Int32Array(rows).fill(-1);
  const distances = new Float64Array(rows);
  for (let pass = 0; pass < mostPasses; pass++) {
    const squares = Float64Array.from({ length: found }, (_, at) => rowProduct(centres, at, centres, at));
    let changed = 0;
    for (let row = 0; row < rows; row++) {
      let [best, least] = [0, Infinity];
      for (let at = 0; at < found; at++) {
        const distance = 1 + squares[at] - 2 * rowProduct(units, row, centres, at);
        if (distance < least) [best, least] = [at, distance];
      }
      if (clusterOf[row] !== best) changed++;
      clusterOf[row] = best;
      distances[row] = least;
    }
    if (changed === 0) break;
    moveCentres(centres, units, clusterOf);
  }
  return { clusterOf, distances, count: found };
}

function firstCentres(units: Rows, { count, seed }: { count: number; seed: number }): Rows {
  const { columns } = units;
  const rows = units.data.length / columns;
  const random = new RandomStream({ seed, purpose: 'k-means' });
  const centres: number[] = [random.integer(rows)];
  const nearest = new Float64Array(rows).fill(Infinity);
  while (centres.length < count) {
    const last = centres[centres.length - 1];
    let sum = 0;
    for (let row = 0; row < rows; row++) {
      const distance = Math.max(0, 2 - 2 * rowProduct(units, row, units, last));
      // Rounding leaves a little between equal rows.
      nearest[row] = Math.min(nearest[row], distance < 1e-6 ? 0 : distance);
      sum += nearest[row];
    }
    if (sum === 0) break;
    let left = random.uniform() * sum;
    let next = -1;
    for (let row = 0; row < rows && left >= 0; row++) {
      if (nearest[row] === 0) continue;
      next = row;
      left -= nearest[row];
    }
    centres.push(next);
  }
  const out = new Float32Array(centres.length * columns);
  centres.forEach((row, at) => out.set(units.data.subarray(row * columns, (row + 1) * columns), at * columns));
  return { columns, data: out };
}

/** Moves each centre to the mean of its rows; one without rows stays. */
function moveCentres(centres: Rows, units: Rows, clusterOf: Int32Array): void {
  const { columns } = units;
  const counts = new Int32Array(centres.data.length / columns);
  const sums = new Float64Array(centres.data.length);
  clusterOf.forEach((cluster, row) => {
    counts[cluster]++;
    for (let i = 0; i < columns; i++) sums[cluster * columns + i] += units.data[row * columns + i];
  });
  counts.forEach((size, cluster) => {
    if (size > 0)
      for (let i = 0; i < columns; i++) centres.data[cluster * columns + i] = sums[cluster * columns + i] / size;
  });
}
