import { alignFolds } from '../src/index.js';

describe('alignFolds(scores, foldOf, labels)', () => {
  const foldOf = Array.from({ length: 40 }, (_, i) => i % 2);

  it('gives each fold the same mean, and keeps the order within it', () => {
    // The second fold is scored lower by 5 for the first label alone.
    const scores = Float64Array.from({ length: 80 }, (_, at) =>
      at % 2 === 0 ? Math.floor(at / 4) - 5 * (Math.floor(at / 2) % 2) : at,
    );
    const aligned = alignFolds(scores, foldOf, 2);
    const first = (fold: number) =>
      Array.from(foldOf.keys())
        .filter((i) => foldOf[i] === fold)
        .map((i) => aligned[2 * i]);
    const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
    expect(mean(first(0))).toBeCloseTo(mean(first(1)), 12);
    expect(first(0)).toEqual(first(1));
    const all = (values: Float64Array) => mean(Array.from(values).filter((_, at) => at % 2 === 0));
    expect(all(aligned)).toBeCloseTo(all(scores), 12);
  });

  it('leaves the scores of small folds as they are', () => {
    const scores = Float64Array.of(1, 2, 3, 4);
    expect(alignFolds(scores, [0, 0, 1, 1], 1)).toBe(scores);
  });
});
