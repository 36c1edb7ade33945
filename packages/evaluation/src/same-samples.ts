import { InputError } from '@cxr-align/files/input-error';
import type { Predictions } from './predictions.js';

/**
 * Checks that two models were evaluated on the same labels, samples (in one order) and targets.
 *
 * @param names of the two models, for the error.
 * @throws {InputError} where they differ: which.
 */
export function checkSameSamples(a: Predictions, b: Predictions, names: readonly [string, string] = ['A', 'B']): void {
  const [nameA, nameB] = names;
  const fail = (message: string): never => {
    throw new InputError(
      `expected ${nameA} and ${nameB} to be evaluated on the same samples, got ${message}; evaluate both on the same split`,
    );
  };
  if (JSON.stringify(a.labels) !== JSON.stringify(b.labels))
    fail(`the labels ${a.labels.join(', ')} and ${b.labels.join(', ')}`);
  const [idsA, idsB] = [a, b].map(({ samples }) => samples.map(({ id }) => id));
  const onlyIn = (ids: readonly string[], others: readonly string[]): string[] => {
    const known = new Set(others);
    return ids.filter((id) => !known.has(id));
  };
  const [onlyA, onlyB] = [onlyIn(idsA, idsB), onlyIn(idsB, idsA)];
  if (onlyA.length > 0 || onlyB.length > 0)
    fail(
      `${onlyA.length} samples in ${nameA} alone and ${onlyB.length} in ${nameB} alone (such as ${[...onlyA, ...onlyB][0]})`,
    );
  if (idsA.length !== idsB.length) fail(`${idsA.length} samples of ${nameA} and ${idsB.length} of ${nameB}`);
  const row = idsA.findIndex((id, i) => id !== idsB[i]);
  if (row >= 0) fail(`another order from row ${row} on`);
  const at = a.targets.findIndex((target, i) => !Object.is(target, b.targets[i]));
  if (at >= 0)
    fail(`another target of ${a.labels[at % a.labels.length]} for ${idsA[Math.floor(at / a.labels.length)]}`);
}
