import { RandomStream } from '@cxr-align/random';
import {
  delong,
  erfc,
  holm,
  pairedDelong,
  pairedPermutation,
  percentileInterval,
  quantile,
  reliabilityRemark,
  twoSidedP,
} from '../src/index.js';

describe('erfc(x)', () => {
  // Abramowitz and Stegun, table 7.1 and 7.3.
  it.each([
    [0, 1],
    [0.5, 0.4795001221869535],
    [1, 0.15729920705028513],
    [2.4, 6.885138966450786e-4],
    [2.6, 2.360344165293492e-4],
    [5, 1.5374597944280349e-12],
    [-1, 1.8427007929497148],
  ])('erfc(%d) = %d', (x, value) => expect(erfc(x) / value).toBeCloseTo(1, 9));
  it('gives p = 0.05 at z = 1.96', () => expect(twoSidedP(1.959963984540054)).toBeCloseTo(0.05, 10));
});

describe('quantile(values, share)', () => {
  it('interpolates and leaves NaN out', () => {
    expect(quantile([4, NaN, 1, 3], 0.5)).toBe(3);
    expect(quantile([1, 2], 0.25)).toBe(1.25);
    expect(quantile([], 0.5)).toBeNaN();
    expect(percentileInterval([0, 16], 0.75)).toEqual([2, 14]);
  });
});

describe('holm(pValues)', () => {
  it('is worked by hand and leaves undefined ones out', () => {
    const adjusted = holm([0.01, NaN, 0.04, 0.03]);
    [0.03, NaN, 0.06, 0.06].forEach((value, i) =>
      Number.isNaN(value) ? expect(adjusted[i]).toBeNaN() : expect(adjusted[i]).toBeCloseTo(value, 12),
    );
  });
});

describe('delong(targets, scores)', () => {
  it('is undefined without a class, and leaves out rows without a score', () => {
    expect(delong([1, 1], [1, 2]).auroc).toBeNaN();
    expect(delong([1, 0, 1, 0, 1], [4, 3, 2, 1, NaN])).toEqual(delong([1, 0, 1, 0], [4, 3, 2, 1]));
  });
});

describe('pairedDelong(targets, scoresA, scoresB)', () => {
  it('gives p = 1 for two scores that rank alike', () => {
    expect(pairedDelong([1, 0, 1, 0], [4, 3, 2, 1], [8, 6, 4, 2]).p).toBe(1);
  });
  it('leaves out rows without one of the scores', () => {
    const targets = [1, 0, 1, 0, 1, 0];
    const [a, b] = [
      [5, 3, 2, 1, 0, 4],
      [1, 3, 6, 2, 5, 4],
    ];
    const without = pairedDelong(targets.slice(1, 5), a.slice(1, 5), b.slice(1, 5));
    expect(pairedDelong(targets, [NaN, ...a.slice(1)], [...b.slice(0, 5), NaN])).toEqual(without);
  });
  it('does not call a difference of four images significant: perfect against constant scores', () => {
    const { z, p, method, varianceOfDifference } = pairedDelong(
      [1, 1, 0, 0],
      [0.9, 0.8, 0.2, 0.1],
      [0.5, 0.5, 0.5, 0.5],
    );
    expect(varianceOfDifference).toBe(0);
    expect([z, method]).toEqual([NaN, 'exact permutation']);
    // By hand, ranks 4 3 2 1 against 2.5 each: of the 16 exchanges, the identity and its complement alone reach 0.5.
    expect(p).toBeCloseTo(2 / 16, 12);
  });
  it('finds it significant with many', () => {
    const targets = Array.from({ length: 60 }, (_, i) => i % 2);
    const { p, method } = pairedDelong(
      targets,
      targets.map((target, i) => target + i / 1000),
      targets.map(() => 0.5),
    );
    expect(method).toBe('sampled permutation');
    expect(p).toBeCloseTo(0.001, 12);
  });
});

describe('pairedPermutation(targets, scoresA, scoresB)', () => {
  it('is 1 for scores that rank alike and undefined without a class', () => {
    expect(pairedPermutation([1, 0, 1], [3, 2, 1], [30, 20, 10])).toEqual({ p: 1, isExact: true });
    expect(pairedPermutation([1, 1, 1], [3, 2, 1], [1, 2, 3]).p).toBeNaN();
  });
  it('is uniform where both models are noise: p ≤ α in no more than a share α of samples', () => {
    const random = new RandomStream({ seed: 3, purpose: 'test' });
    const p = Array.from({ length: 300 }, () => {
      const targets = Array.from({ length: 8 }, (_, i) => i % 2);
      return pairedPermutation(targets, random.normals(8), random.normals(8)).p;
    });
    for (const level of [0.05, 0.1, 0.25, 0.5])
      expect(p.filter((value) => value <= level).length / p.length).toBeLessThan(level + 0.07);
  });
  it('comes near the p of DeLong where there are many images', () => {
    const random = new RandomStream({ seed: 4, purpose: 'test' });
    const truth = random.normals(400);
    const targets = Array.from(truth, (value) => Number(value > 0));
    const seen = (noise: number): Float64Array => {
      const extra = random.normals(400);
      return Float64Array.from(truth, (value, i) => value + noise * extra[i]);
    };
    const [a, b] = [seen(1.5), seen(1.9)];
    const { p, isExact } = pairedPermutation(targets, a, b);
    expect(isExact).toBe(false);
    expect(Math.abs(p - pairedDelong(targets, a, b).p)).toBeLessThan(0.04);
  });
});

describe('reliabilityRemark(counts)', () => {
  it('names what is few, and is null where nothing is', () => {
    expect(reliabilityRemark({ positives: 4, negatives: 200 })).toBe(
      'only 4 positives (fewer than 10): estimates and tests are unreliable',
    );
    expect(reliabilityRemark({ positives: 1, negatives: 3 })).toContain('only 1 positive and 3 negatives');
    expect(reliabilityRemark({ positives: 10, negatives: 10 })).toBeNull();
    expect(reliabilityRemark({ positives: 10, negatives: 10 }, { minimum: 20 })).toContain('fewer than 20');
  });
});
