import type { Interval, MaybeNumber } from './evaluation-schema.js';

/** JSON has no NaN: undefined numbers are null. */
export function orNull(value: number): MaybeNumber {
  return Number.isFinite(value) ? value : null;
}

/** A number for people; null where it is undefined. */
export function fixed(value: MaybeNumber, digits = 3): string | null {
  return value === null ? null : value.toFixed(digits);
}

/** A threshold for people: of a small one the digits that it has; null where it is undefined. */
export function thresholdText(threshold: MaybeNumber): string | null {
  return threshold !== null && threshold > 0 && threshold < 0.001
    ? String(Number(threshold.toPrecision(2)))
    : fixed(threshold);
}

/** An interval for people; null where it is undefined. */
export function fixedRange([low, high]: Interval): string | null {
  return low === null || high === null ? null : `${low.toFixed(3)} to ${high.toFixed(3)}`.replaceAll('-', '−');
}

/** A difference for people: with its sign; a dash where it is undefined. */
export function signed(value: MaybeNumber, digits = 3): string {
  return value === null ? '–' : `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(digits)}`;
}

/** The interval of a difference for people; empty where it is undefined. */
export function signedRange([low, high]: Readonly<Interval>, digits = 3): string {
  return low === null || high === null ? '' : `[${signed(low, digits)}, ${signed(high, digits)}]`;
}

/** A p value for people; null where it is undefined. */
export function pText(p: MaybeNumber): string | null {
  return p !== null && p < 0.001 ? '< 0.001' : fixed(p);
}
