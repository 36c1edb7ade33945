import { checkNumbers } from './check-input.js';

/**
 * Holm's step-down correction: p values that may each be compared with the level as they are, whatever the number of
 * tests. NaN stays NaN and counts as no test.
 */
export function holm(pValues: readonly number[]): number[] {
  checkNumbers('holm', 'pValues', pValues);
  const order = pValues.map((p, i) => ({ p, i })).filter(({ p }) => !Number.isNaN(p));
  order.sort((a, b) => a.p - b.p);
  const adjusted = pValues.map(() => NaN);
  let largest = 0;
  order.forEach(({ p, i }, rank) => {
    largest = Math.max(largest, Math.min(1, p * (order.length - rank)));
    adjusted[i] = largest;
  });
  return adjusted;
}

/**
 * Benjamini and Hochberg's step-up correction: of the tests called at a level, at most that share is expected to be false.
 * NaN stays NaN and counts as no test.
 */
export function benjaminiHochberg(pValues: readonly number[]): number[] {
  checkNumbers('benjaminiHochberg', 'pValues', pValues);
  const order = pValues.map((p, i) => ({ p, i })).filter(({ p }) => !Number.isNaN(p));
  order.sort((a, b) => b.p - a.p);
  const adjusted = pValues.map(() => NaN);
  let smallest = 1;
  order.forEach(({ p, i }, fromTop) => {
    smallest = Math.min(smallest, (p * order.length) / (order.length - fromTop));
    adjusted[i] = smallest;
  });
  return adjusted;
}
