import { checkNumbers } from './check-input.js';

/** A quantile with linear interpolation between sorted values, NaN ones excluded; NaN if none is left or the share is NaN. */
export function quantile(values: ArrayLike<number>, share: number): number {
  checkNumbers('quantile', 'values', values);
  if (share < 0 || share > 1)
    throw new RangeError(`metrics/quantile: expected a share in [0, 1], got ${share}; 0.5 is the median`);
  const sorted = Float64Array.from(values)
    .filter((value) => !Number.isNaN(value))
    .sort();
  if (sorted.length === 0 || Number.isNaN(share)) return NaN;
  const position = share * (sorted.length - 1);
  const below = Math.floor(position);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below] + (position - below) * (sorted[above] - sorted[below]);
}

/** The middle 95 % of values (or another share), as [low, high]. */
export function percentileInterval(values: ArrayLike<number>, coverage = 0.95): [number, number] {
  return [quantile(values, (1 - coverage) / 2), quantile(values, (1 + coverage) / 2)];
}
