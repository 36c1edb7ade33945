import { InputError } from '@cxr-align/files';
import { RandomStream } from '@cxr-align/random';
import { configKeys } from '@cxr-align/training';

/** A range of numbers. */
export interface SearchRange {
  from: number;
  to: number;
  /** How numbers are spread over it. Default `log` where it is above 0 and spans more than a decade, else `linear`. */
  scale?: 'log' | 'linear';
  /** Whole numbers only. Default true where both ends and the default of the key are whole. */
  isInteger?: boolean;
}

/** What is searched: for each key of the configuration a range, or a list of values. */
export type SearchSpace = Readonly<Record<string, Readonly<SearchRange> | readonly unknown[]>>;

/** The settings of a trial, by key. */
export type Settings = Readonly<Record<string, unknown>>;

const number = String.raw`[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?`;
const rangePattern = new RegExp(`^(${number})\\.\\.(${number})(?::(log|linear))?$`);

/**
 * The space that assignments describe: `learningRate=1e-4..1e-2` (with `:log` or `:linear` after it), `decoder.kind=dense,query`. Those of
 * one value are settings of all trials.
 *
 * @throws {InputError} if one has no such form, or a range is none.
 */
export function readSearchSpace(assignments: readonly string[]): { space: SearchSpace; fixed: string[] } {
  const space: Record<string, SearchRange | unknown[]> = {};
  const fixed: string[] = [];
  for (const assignment of assignments) {
    const at = assignment.indexOf('=');
    const text = assignment.slice(at + 1);
    const [, from, to, scale] = rangePattern.exec(text) ?? [];
    const values = from === undefined ? listed(text) : [];
    if (at < 1 || (from === undefined && values.length < 2)) {
      fixed.push(assignment);
      continue;
    }
    const key = keyOf(assignment.slice(0, at));
    if (Object.hasOwn(space, key)) throw new InputError(`expected ${key} once, got it twice; leave one out`);
    space[key] =
      from === undefined
        ? values.map(valueOf)
        : { from: Number(from), to: Number(to), ...(scale !== undefined && { scale: scale as 'log' | 'linear' }) };
  }
  checkSpace(space);
  return { space, fixed };
}

/** `decoder` is short for `decoder.kind`, and `encoder` likewise. */
function keyOf(key: string): string {
  const keys = configKeys().map((one) => one.key);
  return !keys.includes(key) && keys.includes(`${key}.kind`) ? `${key}.kind` : key;
}

/** The parts of a text between commas that stand in no brackets and quotes. */
function listed(text: string): string[] {
  const parts: string[] = [''];
  let depth = 0;
  let isQuoted = false;
  for (const sign of text) {
    if (sign === '"') isQuoted = !isQuoted;
    if (!isQuoted && '[{'.includes(sign)) depth++;
    if (!isQuoted && ']}'.includes(sign)) depth--;
    if (sign === ',' && depth === 0 && !isQuoted) parts.push('');
    else parts[parts.length - 1] += sign;
  }
  return parts;
}

function valueOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** @throws {InputError} if a range has its ends the wrong way round, or a list fewer than two values or one twice. */
export function checkSpace(space: SearchSpace): void {
  for (const [key, one] of Object.entries(space)) {
    if (isList(one)) {
      const texts = one.map((value) => JSON.stringify(value));
      if (texts.length < 2)
        throw new InputError(`expected two or more values of ${key}, got ${texts.join() || 'none'}`);
      const twice = texts.find((text, i) => texts.indexOf(text) < i);
      if (twice !== undefined) throw new InputError(`expected each value of ${key} once, got ${twice} twice`);
    } else {
      const { from, to, scale } = one;
      if (!(Number.isFinite(from) && Number.isFinite(to) && from < to))
        throw new InputError(`expected a range of ${key} from a number to a larger one, got ${from}..${to}`);
      if (scale === 'log' && from <= 0)
        throw new InputError(`expected a range of ${key} above 0 with the scale log, got ${from}..${to}; use linear`);
    }
  }
}

function isList(one: SearchSpace[string]): one is readonly unknown[] {
  return Array.isArray(one);
}

/** How many different settings a space has; infinite with a range of numbers that are not whole. */
export function settingsIn(space: SearchSpace): number {
  return Object.entries(space).reduce((product, [key, one]) => {
    if (isList(one)) return product * one.length;
    return isWhole(key, one) ? product * (one.to - one.from + 1) : Infinity;
  }, 1);
}

/**
 * The settings of each trial. A space of few settings is tried through, each once, in a random order; of others each trial draws its own,
 * whatever the number of trials is: more trials continue where fewer ended.
 */
export function drawSettings(space: SearchSpace, trials: number, seed: number): Settings[] {
  const keys = Object.keys(space).sort();
  const all = settingsIn(space);
  const few = all <= mostTriedThrough;
  const order = few
    ? new RandomStream({ seed, purpose: 'tune' }).permutation(all).subarray(0, Math.min(trials, all))
    : Uint32Array.from({ length: trials }, (_, trial) => trial);
  return Array.from(order, (place) => {
    let rest = place;
    const values = keys.map((key) => {
      const one = space[key];
      if (!few) return drawValue(key, one, new RandomStream({ seed, purpose: `tune/${key}`, step: place }));
      const count = isList(one) ? one.length : one.to - one.from + 1;
      const at = rest % count;
      rest = Math.floor(rest / count);
      return isList(one) ? one[at] : one.from + at;
    });
    return Object.fromEntries(keys.map((key, i) => [key, values[i]]));
  });
}

/** Settings up to which a space is tried through instead of drawn from. */
const mostTriedThrough = 10_000;

/** How numbers are spread over a range: by their logarithm where it is above 0 and spans more than a decade, unless it names another. */
export function scaleOfRange({ from, to, scale }: SearchRange): 'log' | 'linear' {
  return scale ?? (from > 0 && to / from > 10 ? 'log' : 'linear');
}

function drawValue(key: string, one: SearchSpace[string], random: RandomStream): unknown {
  if (isList(one)) return one[random.integer(one.length)];
  const { from, to } = one;
  const scale = scaleOfRange(one);
  const share = random.uniform();
  const whole = isWhole(key, one);
  // Each whole number has the width of one.
  const [low, high] = whole ? [from - 0.5, to + 0.5] : [from, to];
  const drawn = scale === 'log' ? low * (high / low) ** share : low + share * (high - low);
  const value = whole ? Math.round(drawn) : Number(drawn.toPrecision(4));
  return Math.min(to, Math.max(from, value));
}

function isWhole(key: string, { from, to, isInteger }: SearchRange): boolean {
  if (isInteger !== undefined) return isInteger;
  const { default: usual } = configKeys().find((one) => one.key === key) ?? {};
  return [from, to, usual].every(Number.isInteger);
}
