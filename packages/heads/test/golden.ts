import { readFileSync } from 'node:fs';
import { matrixOf, type Matrix } from '../src/matrix.js';
import type { HeadProblem } from '../src/head.js';

/** The reference vectors of tools/golden/python/heads.py. */
export const golden = JSON.parse(readFileSync(new URL('fixtures/heads.json', import.meta.url), 'utf8')) as Record<
  string,
  Record<string, unknown>
>;

export type Rows = (number | null)[][];

export function matrix(rows: Rows): Matrix {
  return matrixOf(rows.length, rows[0].length, numbers(rows));
}

/** Numbers row by row, NaN where there is none. */
export function numbers(rows: Rows): Float64Array {
  return Float64Array.from(rows.flat(), (value) => value ?? NaN);
}

export function problemOf({
  features,
  targets,
  texts,
}: {
  features: Rows;
  targets: Rows;
  texts?: Rows[];
}): HeadProblem {
  return {
    labels: targets[0].map((_, i) => `L${i}`),
    features: matrix(features),
    targets: numbers(targets),
    groups: features.map((_, i) => i),
    ids: features.map((_, i) => `image-${i}`),
    ...(texts && { texts: { present: matrix(texts[0]), absent: matrix(texts[1]) } }),
    seed: 0,
  };
}

/** The largest distance of two lists of numbers. */
export function distance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Infinity;
  return Array.from(a).reduce<number>((most, value, i) => {
    const apart = Math.abs(value - b[i]);
    return apart <= most ? most : Number.isNaN(apart) ? Infinity : apart;
  }, 0);
}
