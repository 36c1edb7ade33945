import type { Interval, MaybeNumber } from './evaluation/evaluation-schema.js';

/** JSON has no NaN: undefined numbers are null. */
export function orNull(value: number): MaybeNumber {
  return Number.isFinite(value) ? value : null;
}

/** A number for people; null where it is undefined. */
export function fixed(value: MaybeNumber, digits = 3): string | null {
  return value === null ? null : value.toFixed(digits);
}

/** An interval for people; null where it is undefined. */
export function fixedRange([low, high]: Interval): string | null {
  return low === null || high === null ? null : `${low.toFixed(3)} to ${high.toFixed(3)}`;
}
