/** A quantile with linear interpolation between sorted values, NaN ones left out; NaN if none is left. */
export function quantile(values: ArrayLike<number>, share: number): number {
  const sorted = Float64Array.from(values)
    .filter((value) => !Number.isNaN(value))
    .sort();
  if (sorted.length === 0) return NaN;
  const position = share * (sorted.length - 1);
  const below = Math.floor(position);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below] + (position - below) * (sorted[above] - sorted[below]);
}

/** The middle 95 % of values (or another share), as [low, high]. */
export function percentileInterval(values: ArrayLike<number>, coverage = 0.95): [number, number] {
  return [quantile(values, (1 - coverage) / 2), quantile(values, (1 + coverage) / 2)];
}
