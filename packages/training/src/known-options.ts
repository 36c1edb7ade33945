import { nearestName } from '@cxr-align/tensor';

/**
 * Refuses options that a function does not have: a misspelt one would be ignored.
 *
 * @throws {TypeError} naming the nearest known option.
 */
export function refuseUnknownOptions(where: string, options: object, known: readonly string[]): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options))
    throw new TypeError(
      `${where}: expected an object of options, got ${Array.isArray(options) ? 'an array' : String(options)}`,
    );
  const unknown = Object.keys(options).find((name) => !known.includes(name));
  if (unknown === undefined) return;
  const nearest = nearestName(unknown, known);
  throw new TypeError(
    `${where}: expected options of ${known.join(', ')}, got ${unknown}${nearest === undefined ? '' : `; did you mean ${nearest}?`}`,
  );
}
