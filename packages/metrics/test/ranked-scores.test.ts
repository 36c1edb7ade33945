import fc from 'fast-check';
import { auroc, averagePrecision, RankedScores } from '../src/index.js';

/** The share of (positive, negative) pairs in the right order, a tie counting half. */
function pairs(targets: number[], scores: number[], weights = targets.map(() => 1)): number {
  let right = 0;
  let all = 0;
  targets.forEach((t, i) =>
    targets.forEach((u, j) => {
      if (t !== 1 || u !== 0) return;
      const weight = weights[i] * weights[j];
      right += weight * (scores[i] > scores[j] ? 1 : scores[i] === scores[j] ? 0.5 : 0);
      all += weight;
    }),
  );
  return right / all;
}
const sample = fc.array(fc.tuple(fc.constantFrom(0, 1, NaN), fc.integer({ min: 0, max: 5 }), fc.nat(3)), {
  maxLength: 25,
});

describe('auroc(targets, scores)', () => {
  it('equals the count over all pairs, ties, unknowns and weights too', () => {
    fc.assert(
      fc.property(sample, (rows) => {
        const targets = rows.map(([target]) => target);
        const scores = rows.map(([, score]) => score);
        const weights = rows.map(([, , weight]) => weight);
        const ranked = new RankedScores(targets, scores);
        for (const [value, slow] of [
          [ranked.auroc(), pairs(targets, scores)],
          [ranked.auroc(weights), pairs(targets, scores, weights)],
        ]) {
          if (Number.isNaN(slow)) expect(value).toBeNaN();
          else expect(value).toBeCloseTo(slow, 12);
        }
      }),
    );
  });
  it('is undefined, not 0, where a class is missing', () => {
    expect(auroc([1, 1], [0.2, 0.3])).toBeNaN();
    expect(auroc([0, NaN], [0.2, 0.3])).toBeNaN();
    expect(auroc([], [])).toBeNaN();
  });
  it('refuses uncertain labels and uneven lengths', () => {
    expect(() => auroc([1, -1], [0, 1])).toThrow('expected targets of 0, 1 or NaN, got -1 in row 1');
    expect(() => auroc([1], [0, 1])).toThrow('got 1 and 2');
  });
});

describe('averagePrecision(targets, scores)', () => {
  it('is worked by hand: ties are one step', () => {
    expect(averagePrecision([1, 0, 1, 0], [4, 3, 2, 1])).toBeCloseTo((1 + 2 / 3) / 2, 12);
    expect(averagePrecision([1, 0, 1, 0], [1, 1, 1, 1])).toBeCloseTo(0.5, 12);
  });
  it('counts a row of weight 2 as two rows', () => {
    const ranked = new RankedScores([1, 0, 1], [3, 2, 1]);
    expect(ranked.averagePrecision([1, 2, 2])).toBeCloseTo(averagePrecision([1, 0, 0, 1, 1], [3, 2, 2, 1, 1]), 12);
  });
  it('is undefined without a positive', () => {
    expect(averagePrecision([0, 0], [1, 2])).toBeNaN();
  });
});
