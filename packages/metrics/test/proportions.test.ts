import fc from 'fast-check';
import { clusteredProportion, proportionDifference, proportionsP, wilsonInterval } from '../src/index.js';

describe('wilsonInterval(count, size)', () => {
  it('equals published values', () => {
    // Newcombe 1998, doi:10.1002/(SICI)1097-0258(19980430)17:8<857::AID-SIM777>3.0.CO;2-E, table I, method 3
    const cases: [number, number, number, number][] = [
      [81, 263, 0.2553, 0.3662],
      [15, 148, 0.0624, 0.1605],
      [0, 20, 0, 0.1611],
      [1, 29, 0.0061, 0.1718],
    ];
    for (const [count, size, low, high] of cases) {
      const [a, b] = wilsonInterval(count, size);
      expect(a).toBeCloseTo(low, 4);
      expect(b).toBeCloseTo(high, 4);
    }
    expect(wilsonInterval(0, 0)).toEqual([NaN, NaN]);
  });
  it('stays within [0, 1] and holds the proportion', () => {
    fc.assert(
      fc.property(fc.nat(50), fc.nat(50), (count, more) => {
        const size = count + more + 1;
        const [low, high] = wilsonInterval(count, size);
        return low >= 0 && high <= 1 && low <= count / size && count / size <= high;
      }),
    );
  });
});

describe('clusteredProportion(values, clusters)', () => {
  it('counts whole clusters of equal rows as one row each', () => {
    const values = [1, 1, 1, 0, 0, 0, 1, 1, 1, 0, 0, 0];
    const clusters = [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3];
    const { proportion, effectiveSize, standardError } = clusteredProportion(values, clusters);
    expect(proportion).toBe(0.5);
    // 4 clusters: Σ (3 · ½)² · 4/3 / 144 = ¹⁄₁₂
    expect(standardError).toBeCloseTo(Math.sqrt(1 / 12), 12);
    expect(effectiveSize).toBeCloseTo(3, 12);
  });
  it('is near the binomial for rows that are clusters of their own, and leaves out unknown rows', () => {
    const values = Array.from({ length: 400 }, (_, i) => (i % 5 === 0 ? 1 : i % 7 === 0 ? NaN : 0));
    const { count, size, proportion, standardError } = clusteredProportion(values, [...values.keys()]);
    expect({ count, size }).toEqual({ count: 80, size: 400 - values.filter(Number.isNaN).length });
    expect(standardError).toBeCloseTo(Math.sqrt((proportion * (1 - proportion)) / (size - 1)), 10);
  });
  it('is undefined for no rows, and no point where none is 1', () => {
    expect(clusteredProportion([], []).proportion).toBeNaN();
    expect(clusteredProportion([0, 0, 0], [0, 1, 2]).interval).toEqual(wilsonInterval(0, 3));
  });
  it('tells two proportions apart with a p that knows of the clusters', () => {
    const rows = (share: number): number[] => Array.from({ length: 200 }, (_, i) => (i % 10 < 10 * share ? 1 : 0));
    const own = (values: number[]) => clusteredProportion(values, [...values.keys()]);
    expect(proportionsP(own(rows(0.3)), own(rows(0.5)))).toBeLessThan(1e-4);
    expect(proportionsP(own(rows(0.3)), own(rows(0.3)))).toBe(1);
    // The same rows, but of two patients only: nothing can be told.
    const two = (values: number[]) =>
      clusteredProportion(
        values,
        values.map((value) => value),
      );
    expect(proportionsP(two(rows(0.3)), two(rows(0.5)))).toBeGreaterThan(0.5);
    expect(proportionsP(own([]), own(rows(0.5)))).toBeNaN();
  });
});

describe('proportionDifference(first, second)', () => {
  it('equals published values', () => {
    // Newcombe 1998, Statistics in Medicine 17:873, table II, method 10: 56/70 less 48/80, 9/10 less 3/10
    const cases: [number, number, number, number, number, number][] = [
      [56, 70, 48, 80, 0.0524, 0.3339],
      [9, 10, 3, 10, 0.1705, 0.809],
    ];
    for (const [a, n, b, m, low, high] of cases) {
      const { difference, interval } = proportionDifference([a / n, n], [b / m, m]);
      expect(difference).toBeCloseTo(a / n - b / m, 14);
      expect(interval[0]).toBeCloseTo(low, 4);
      expect(interval[1]).toBeCloseTo(high, 4);
    }
    expect(proportionDifference([NaN, 0], [0.5, 4]).interval).toEqual([NaN, NaN]);
  });
});
