/**
 * Holm's step-down correction: p values that may each be compared with the level as they are, whatever the number of
 * tests. NaN stays NaN and counts as no test.
 */
export function holm(pValues: readonly number[]): number[] {
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
