import fc from 'fast-check';
import {
  auroc,
  averagePrecision,
  chooseThreshold,
  partialAuroc,
  RankedScores,
  thresholdBetweenScores,
} from '../src/index.js';

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
    expect(() => auroc([1], [0, 1])).toThrow('expected as many scores as targets, got 2 and 1');
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

describe('the order of ranks', () => {
  it('falls with the score, whatever the numbers, equal ones in the order of their rows', () => {
    const number = fc.oneof(
      fc.double({ noNaN: true }),
      fc.float({ noNaN: true }),
      fc.constantFrom(0, -0, 1, -1, Infinity, -Infinity, 5e-324, -5e-324, 1e308),
    );
    fc.assert(
      fc.property(fc.array(number, { maxLength: 60 }), (scores) => {
        const { rows } = new RankedScores(
          scores.map(() => 0),
          scores,
        );
        const plain = scores
          .map((_, i) => i)
          .sort((a, b) => (scores[a] === scores[b] ? a - b : scores[b] > scores[a] ? 1 : -1));
        expect([...rows]).toEqual(plain);
      }),
      { numRuns: 300 },
    );
  });
  it('falls where values crowd at one end, too', () => {
    const crowded = Array.from({ length: 3000 }, (_, i) => Math.exp(-((i * 7919) % 3001) / 50));
    const { scores } = new RankedScores(
      crowded.map(() => 0),
      crowded,
    );
    expect([...scores]).toEqual([...crowded].sort((a, b) => b - a));
  });
});

describe('partialAuroc(targets, scores)', () => {
  const targets = [0, 0, 1, 0, 1, 1, 0, 1, 0, 0, 1, 0];
  const scores = [0.1, 0.4, 0.35, 0.8, 0.9, 0.4, 0.2, 0.7, 0.65, 0.05, 0.6, 0.3];
  it('equals scikit-learn (1.2.1), ties and a cut inside a step too', () => {
    const wanted = [
      [0.1, 0.5789473684210527],
      [0.2, 0.5873015873015873],
      [0.5, 0.6761904761904761],
      [0.77, 0.7435781407906843],
      [0.9, 0.7546897546897549],
    ];
    for (const [most, value] of wanted) {
      expect(partialAuroc(targets, scores, { maxFalsePositiveRate: most })).toBeCloseTo(value, 12);
    }
  });
  it('is the whole area at 1, and the bare one where asked', () => {
    expect(partialAuroc(targets, scores, { maxFalsePositiveRate: 1 })).toBeCloseTo(auroc(targets, scores), 12);
    const bare = { maxFalsePositiveRate: 0.5, standardized: false };
    expect(partialAuroc([0, 0, 1], [0.1, 0.2, 0.9], bare)).toBeCloseTo(0.5, 12);
  });
  it('is undefined where a class is missing, and refuses a rate of 0', () => {
    expect(partialAuroc([1, 1], [0, 1])).toBeNaN();
    expect(() => partialAuroc([0, 1], [0, 1], { maxFalsePositiveRate: 0 })).toThrow('in (0, 1], got 0');
  });
});

describe('thresholdBetweenScores(scores, threshold, lowest)', () => {
  it('is in the middle to the next lower score, and calls the same', () => {
    expect(thresholdBetweenScores([1, 2, 4, NaN, 8], 4)).toBe(3);
    expect(thresholdBetweenScores([1, 2, 4], 1)).toBe(0.5);
    expect(thresholdBetweenScores([0.2, 0.6], 0.2, 0)).toBeCloseTo(0.1, 15);
    expect(thresholdBetweenScores([0.2, 0.2], 0.2)).toBe(0.2);
    expect(thresholdBetweenScores([0, 0.2], 0, 0)).toBe(0);
    expect(thresholdBetweenScores([1, 2], NaN)).toBeNaN();
  });
  it('stays above the lower one where no number lies between', () => {
    const above = 1 + Number.EPSILON;
    expect(thresholdBetweenScores([1, above], above)).toBe(above);
  });
});

describe('chooseThreshold(targets, scores, rule) for a rate that is wanted', () => {
  const targets = [1, 1, 0, 1, 0, 0];
  const scores = [6, 5, 4, 3, 2, 1];
  it('takes the highest threshold that finds enough', () => {
    expect(chooseThreshold(targets, scores, { sensitivity: 0.6 })).toBe(5);
    expect(chooseThreshold(targets, scores, { sensitivity: 0.9 })).toBe(3);
  });
  it('takes the lowest threshold that is specific enough, else none', () => {
    expect(chooseThreshold(targets, scores, { specificity: 1 })).toBe(5);
    expect(chooseThreshold(targets, scores, { specificity: 0.66 })).toBe(3);
    expect(chooseThreshold([0, 1], [2, 1], { specificity: 0.9 })).toBeNaN();
  });
  it('takes the threshold that finds most while enough of what it calls is right, else none', () => {
    expect(chooseThreshold(targets, scores, { precision: 1 })).toBe(5);
    expect(chooseThreshold(targets, scores, { precision: 0.75 })).toBe(3);
    expect(chooseThreshold([0, 1], [2, 1], { precision: 0.9 })).toBeNaN();
  });
});
