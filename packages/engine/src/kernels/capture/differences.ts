import type { Recording, Source } from './recording.js';

/** How the operations of two recordings differ, or what goes into them; undefined if only the values of constants may. */
export function differenceOf(before: Recording, after: Recording): string | undefined {
  const { operations } = before;
  if (operations.length !== after.operations.length)
    return `there were ${operations.length} operations, then ${after.operations.length}`;
  const changed = operations.findIndex((one, i) => !isSame(one, after.operations[i]));
  if (changed >= 0) return `operation ${changed} (${operations[changed].name}) changed`;
  for (const part of ['results', 'assigned'] as const)
    if (!isSame([...before[part].values()], [...after[part].values()])) return `${part} changed`;
  for (const [number, one] of before.sources) {
    const other = after.sources.get(number);
    if (!other || !isAlike(one, other)) return `a tensor changed (${one.kind}, then ${other?.kind})`;
  }
  return undefined;
}

/** Whether two sources are the same but for the values of constants. */
function isAlike(one: Source, other: Source): boolean {
  switch (one.kind) {
    case 'constant':
      return other.kind === 'constant' && one.type === other.type && isSame(one.shape, other.shape);
    case 'input':
      return other.kind === 'input' && one.index === other.index;
    case 'variable':
      return other.kind === 'variable' && one.variable === other.variable;
    case 'kept':
      return other.kind === 'kept' && one.id === other.id;
  }
}

/**
 * Finds the step counters: the entries of constants that differ between two steps and are the numbers of those steps.
 *
 * @returns their places by source; a reason if an entry differs that is no counter.
 */
export function counterEntries(
  before: Recording,
  after: Recording,
  step: number,
  nextStep: number,
): Map<number, number[]> | string {
  const counters = new Map<number, number[]>();
  for (const [number, one] of before.sources) {
    const other = after.sources.get(number);
    if (one.kind !== 'constant' || other?.kind !== 'constant') continue;
    const places = one.values.flatMap((value, i) => (Object.is(value, other.values[i]) ? [] : [i]));
    if (!places.every((i) => one.values[i] === step && other.values[i] === nextStep))
      return 'a constant changed that does not count the steps';
    if (places.length > 0) counters.set(number, places);
  }
  return counters;
}

/** Which constant changed between two recordings of the same operations, step counters aside; undefined if none did. */
export function changedValue(
  before: Recording,
  after: Recording,
  counters: ReadonlyMap<number, readonly number[]>,
  step: number,
): string | undefined {
  for (const [number, one] of before.sources) {
    const other = after.sources.get(number);
    if (one.kind !== 'constant' || other?.kind !== 'constant') continue;
    const counting = new Set(counters.get(number));
    const place = one.values.findIndex((value, i) =>
      counting.has(i) ? other.values[i] !== step : !Object.is(value, other.values[i]),
    );
    if (place >= 0) return `a constant changed from ${one.values[place]} to ${other.values[place]}`;
  }
  return undefined;
}

const isSame = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other);
