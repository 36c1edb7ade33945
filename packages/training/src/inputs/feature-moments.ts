/**
 * Mean and standard deviation of each feature; a standard deviation of 0 counts as 1.
 *
 * @param parts rows of `dim` numbers.
 */
export function moments(
  parts: Iterable<Float32Array>,
  dim: number,
): { mean: Float32Array<ArrayBuffer>; std: Float32Array<ArrayBuffer> } {
  const sums = new Float64Array(dim);
  const squares = new Float64Array(dim);
  let count = 0;
  for (const values of parts) {
    for (let at = 0; at < values.length; at += dim) {
      for (let feature = 0; feature < dim; feature++) {
        const value = values[at + feature];
        sums[feature] += value;
        squares[feature] += value * value;
      }
    }
    count += values.length / dim;
  }
  const mean = Float32Array.from(sums, (sum) => sum / count);
  const std = Float32Array.from(squares, (square, feature) => {
    const variance = square / count - (sums[feature] / count) ** 2;
    return variance > 1e-10 ? Math.sqrt(variance) : 1;
  });
  return { mean, std };
}
