import { InputError } from '@cxr-align/files';

/** The first number that is NaN or infinite, where it stands, and how many there are; undefined where all are finite. */
export function nonFinite(values: ArrayLike<number>): { at: number; value: number; count: number } | undefined {
  let [first, count] = [-1, 0];
  for (let at = 0; at < values.length; at++) {
    // Of NaN and of infinities the difference to themselves is NaN; a call for each weight would cost more than all else.
    if (values[at] - values[at] === 0) continue;
    if (first < 0) first = at;
    count++;
  }
  return first < 0 ? undefined : { at: first, value: values[first], count };
}

/**
 * Refuses outputs of a model that are no numbers: every probability and decision made of them would be wrong.
 *
 * @param logits [images, labels] row by row.
 * @param imageOf the name of an image by its row.
 * @throws {InputError} naming the first image and label.
 */
export function refuseNonFiniteLogits(
  logits: ArrayLike<number>,
  labels: readonly string[],
  imageOf: (row: number) => string,
): void {
  const found = nonFinite(logits);
  if (!found) return;
  throw new InputError(
    `expected finite outputs of the model, got ${found.value} for ${labels[found.at % labels.length]} of ${imageOf(Math.floor(found.at / labels.length))} (${found.count} of ${logits.length} outputs are not finite); the input is out of the range of what the model was trained on, or its weights are useless`,
  );
}
