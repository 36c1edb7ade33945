import fc from 'fast-check';
import { klDivergence, ksDistance, standardizedDifference, totalVariation } from '../src/index.js';

const counts = fc.array(fc.nat(50), { minLength: 3, maxLength: 3 });

describe('klDivergence(a, b)', () => {
  it('equals its formula, worked by hand', () => {
    // (0.5, 1.5) of 2 against (1.5, 0.5) of 2: ¼ ln ⅓ + ¾ ln 3 = ½ ln 3
    expect(klDivergence([0, 1], [1, 0])).toBeCloseTo(Math.log(3) / 2, 12);
    expect(klDivergence([5, 5], [5, 5])).toBe(0);
    expect(klDivergence([0, 0], [1, 1])).toBeNaN();
  });
  it('is 0 or more', () => {
    fc.assert(fc.property(counts, counts, (a, b) => !(klDivergence(a, b) < -1e-12)));
  });
});

describe('totalVariation(a, b)', () => {
  it('is 0 for equal shares, 1 for none in common', () => {
    expect(totalVariation([1, 3], [10, 30])).toBeCloseTo(0, 12);
    expect(totalVariation([5, 0], [0, 2])).toBe(1);
    expect(totalVariation([3, 1], [1, 1])).toBe(0.25);
    expect(totalVariation([0, 0], [1, 1])).toBeNaN();
    expect(totalVariation([], [])).toBeNaN();
  });
});

describe('ksDistance(a, b)', () => {
  it('is the largest gap between the two steps, ties together', () => {
    expect(ksDistance([1, 2, 3], [1, 2, 3])).toBe(0);
    expect(ksDistance([1, 2], [3, 4])).toBe(1);
    expect(ksDistance([1, 1, 2, 2], [1, 2, 2, 2])).toBe(0.25);
    expect(ksDistance([], [1])).toBeNaN();
  });
});

describe('standardizedDifference(a, b)', () => {
  it('is the difference of means by the mean spread', () => {
    // variances 1 and 1, means 2 and 5
    expect(standardizedDifference([1, 2, 3], [4, 5, 6])).toBe(-3);
    expect(standardizedDifference([1, 1], [1, 1])).toBeNaN();
  });
});
