import type { AnnotationsLike } from '../annotations.js';

/**
 * Decides uncertain and blank annotations by the label hierarchy; those of 0 or 1 stay. What is above a present label is
 * present; what is below an absent label is absent; and a blank above an uncertain label is uncertain, too, for it cannot
 * be absent while what implies it may be there. An uncertain label below a present one stays uncertain.
 *
 * @param ancestors for each label the indices of the labels above it.
 * @returns values of the same shape.
 */
export function decideByHierarchy(
  { labels: { length: labels }, values }: AnnotationsLike,
  ancestors: readonly (readonly number[])[],
): Float32Array {
  const decided = new Float32Array(values);
  const isOpen = (value: number): boolean => value === -1 || Number.isNaN(value);
  for (let start = 0; start < decided.length; start += labels) {
    const row = decided.subarray(start, start + labels);
    ancestors.forEach((above, i) => {
      if (row[i] === 1) for (const one of above) if (isOpen(row[one])) row[one] = 1;
    });
    ancestors.forEach((above, i) => {
      if (isOpen(row[i]) && above.some((one) => row[one] === 0)) row[i] = 0;
    });
    ancestors.forEach((above, i) => {
      if (row[i] === -1) for (const one of above) if (Number.isNaN(row[one])) row[one] = -1;
    });
  }
  return decided;
}
