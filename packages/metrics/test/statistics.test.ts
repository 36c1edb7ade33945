import { delong, erfc, holm, pairedDelong, percentileInterval, quantile, twoSidedP } from '../src/index.js';

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

describe('delong', () => {
  it('says 1 for two scores that rank alike, and nothing without a class', () => {
    expect(pairedDelong([1, 0, 1, 0], [4, 3, 2, 1], [8, 6, 4, 2]).p).toBe(1);
    expect(delong([1, 1], [1, 2]).auroc).toBeNaN();
  });
});
