/** Nested lists of numbers. */
export type Nested = number | Nested[];

/** One case of a reference file; README.md beside the files says what its parts mean. */
export interface GoldenCase {
  id: string;
  /** Names of the columns, in files about labels. */
  labels?: string[];
  inputs?: Record<string, Nested>;
  params?: Record<string, number | string | boolean | null>;
  /** Named outputs; or the output itself, of a case that has but one. */
  expected: { loss?: number; grads?: Record<string, Nested> } & Record<string, unknown>;
  tol?: { float32_loss: number; float32_grad_rel_to_max: number };
}

/** What a package gives for a case: the same names as `expected` has. */
export interface Computed {
  loss?: number;
  grads?: Record<string, number[]>;
  /** Other outputs, flattened. */
  outputs?: Record<string, number[]>;
}

/** Nested lists as one, row by row; null (an undefined number) becomes NaN. */
export function flatten(value: unknown): number[] {
  if (Array.isArray(value)) return value.flatMap(flatten);
  return [value === null ? NaN : Number(value)];
}
