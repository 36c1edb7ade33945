import * as tf from '@tensorflow/tfjs-core';
import { assertTensor, described } from './assert-tensor.js';
import { nearestName } from './nearest-name.js';

/** The numbers that an option may have: `min` and `max` are included, `above` and `below` are not. */
export interface NumberRange {
  min?: number;
  max?: number;
  above?: number;
  below?: number;
  /** null is a value of its own. */
  orNull?: true;
}

/**
 * What an option may be: one of some words, a number of a range, or a kind. `scalar` is a number or a tensor with one
 * element, `numbers` an array or typed array of finite numbers ≥ 0.
 */
export type OptionRule =
  readonly string[] | NumberRange | 'boolean' | 'string' | 'tensor' | 'scalar' | 'numbers' | 'array' | 'function';

/** A rule for every option of `O`, so that neither an option nor a rule can be forgotten. */
export type OptionRules<O> = { readonly [Name in keyof Required<O>]: OptionRule };

/** The values of `reduction`, as a rule for {@link assertOptions}. */
export const reductions = ['mean', 'sum', 'none'] as const;

/**
 * Checks the options of a public function: their names, kinds and ranges, but not the shapes of tensors. An option that is
 * undefined counts as not given.
 *
 * @example
 * assertOptions('losses/focalLoss', options, { gamma: { min: 0 }, reduction: reductions });
 *
 * @param required names of options without a default.
 * @throws {TypeError} for an unknown name (with the nearest known one), a value of another kind, or a missing option.
 * @throws {RangeError} for a number out of its range, or an unknown word.
 */
export function assertOptions<O extends object>(
  where: string,
  options: O,
  rules: OptionRules<O>,
  required: readonly (keyof O & string)[] = [],
): void {
  assertIsOptions(where, options);
  const known = Object.keys(rules);
  for (const [name, value] of Object.entries(options)) {
    if (!Object.hasOwn(rules, name)) throw unknownOption(where, name, known);
    if (value !== undefined) assertOption(where, name, value, rules[name as keyof O]);
  }
  for (const name of required) {
    if (options[name] === undefined)
      throw new TypeError(`${where}: expected the option ${name}, got none; pass { ${name}: … }`);
  }
}

/** @throws {TypeError} if the last argument is no plain object: a tensor, an array, null. */
function assertIsOptions(where: string, options: unknown): void {
  const isPlain =
    typeof options === 'object' && options !== null && !Array.isArray(options) && !(options instanceof tf.Tensor);
  if (!isPlain)
    throw new TypeError(
      `${where}: expected options to be an object, got ${described(options)}; pass what is optional by name, { name: value }`,
    );
}

function unknownOption(where: string, name: string, known: readonly string[]): TypeError {
  const nearest = nearestName(name, known);
  const hint = nearest === undefined ? 'remove it' : `try ${nearest}`;
  return new TypeError(`${where}: expected options among ${known.join(', ')}, got ${name}; ${hint}`);
}

/** Checks one value against its rule; see {@link assertOptions}. */
export function assertOption(where: string, name: string, value: unknown, rule: OptionRule): void {
  const wrong = (expected: string, kind: typeof TypeError | typeof RangeError = TypeError, hint?: string): Error =>
    new kind(`${where}: expected ${name} to be ${expected}, got ${described(value)}${hint ? `; ${hint}` : ''}`);
  if (Array.isArray(rule)) {
    if (typeof value !== 'string') throw wrong(`one of ${rule.join(', ')}`);
    if (rule.includes(value)) return;
    const nearest = nearestName(value, rule);
    throw wrong(`one of ${rule.join(', ')}`, RangeError, nearest && `try '${nearest}'`);
  }
  if (typeof rule === 'object') return assertNumber(where, name, value, rule as NumberRange);
  switch (rule) {
    case 'tensor':
      return assertTensor(where, name, value);
    case 'scalar':
      if (typeof value === 'number' && Number.isFinite(value)) return;
      if (value instanceof tf.Tensor && value.size === 1) return;
      throw wrong('a finite number or a scalar tensor');
    case 'numbers':
      return assertNumbers(where, name, value);
    case 'array':
      if (!Array.isArray(value)) throw wrong('an array');
      return;
    default:
      if (typeof value !== rule) throw wrong(`a ${rule}`);
  }
}

function assertNumber(where: string, name: string, value: unknown, range: NumberRange): void {
  if (value === null && range.orNull) return;
  const { min = -Infinity, max = Infinity, above = -Infinity, below = Infinity } = range;
  const expected = `expected ${name} to be a number${inWords(range)}${range.orNull ? ' or null' : ''}`;
  if (typeof value !== 'number') throw new TypeError(`${where}: ${expected}, got ${described(value)}`);
  if (!(value >= min && value <= max && value < below && value > above))
    throw new RangeError(`${where}: ${expected}, got ${value}`);
}

/** The range in the notation of intervals, nothing for all finite numbers. */
function inWords({ min, max, above, below }: NumberRange): string {
  if ([min, max, above, below].every((bound) => bound === undefined)) return '';
  const start = min !== undefined ? `[${min}` : above !== undefined ? `(${above}` : '(−∞';
  const end = max !== undefined ? `${max}]` : below !== undefined ? `${below})` : '∞)';
  return ` in ${start}, ${end}`;
}

function assertNumbers(where: string, name: string, value: unknown): void {
  const isList = Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView));
  if (!isList)
    throw new TypeError(`${where}: expected ${name} to be an array of numbers, got ${described(value)}; pass an array`);
  const wrong = Array.from(value as ArrayLike<unknown>).findIndex(
    (one) => !(typeof one === 'number' && Number.isFinite(one) && one >= 0),
  );
  if (wrong >= 0)
    throw new RangeError(
      `${where}: expected ${name} to hold finite numbers of 0 or more, got ${described((value as unknown[])[wrong])} at ${wrong}`,
    );
}
