import fc from 'fast-check';
import { mutated, mutation, type Mutation } from './mutations.js';
import { restructured, textMutation, type Grammar, type TextMutation } from './text-mutations.js';

/** How an input is made: of which valid file, by which changes. */
export interface Recipe {
  seed: number;
  changes: readonly (Mutation | TextMutation)[];
}

/** Recipes of inputs of a grammar: one to six changes of a valid file. */
export function recipes(grammar: Grammar): fc.Arbitrary<Recipe> {
  const change: fc.Arbitrary<Mutation | TextMutation> =
    grammar === 'binary'
      ? mutation
      : fc.oneof({ weight: 3, arbitrary: textMutation }, { weight: 1, arbitrary: mutation });
  return fc.record({
    seed: fc.nat(1000),
    changes: fc.oneof(
      { weight: 3, arbitrary: fc.tuple(change) },
      { weight: 2, arbitrary: fc.array(change, { minLength: 2, maxLength: 6 }) },
    ),
  });
}

/** The largest input: blocks may be repeated over and over. */
const longest = 2 ** 20;

/** The input of a recipe. @param repair corrects checksums, so that changes behind them are read. */
export function inputOf(
  { seed, changes }: Recipe,
  { seeds, grammar, repair = (bytes) => bytes }: InputKind,
): Uint8Array {
  const start = seeds[seed % seeds.length];
  const bytes = changes.reduce(
    (input, change) =>
      change.kind === 'structure' ? restructured(input, grammar, change) : mutated(input, change, seeds),
    start,
  );
  return repair(bytes.subarray(0, longest));
}

/** What inputs are made of. */
export interface InputKind {
  seeds: readonly Uint8Array[];
  grammar: Grammar;
  repair?: (bytes: Uint8Array) => Uint8Array;
}
