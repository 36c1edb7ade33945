import fc from 'fast-check';
import { upperTriangle, mantelTest, pearson, ranks, spearman } from '../src/index.js';

describe('pearson and spearman', () => {
  it('equal values worked by hand', () => {
    expect(pearson([1, 2, 3], [2, 4, 6])).toBe(1);
    expect(pearson([1, 2, 3, 4], [1, 3, 2, 4])).toBeCloseTo(0.8, 12);
    expect(spearman([1, 10, 100], [3, 2, 1])).toBe(-1);
    // ranks 1, 2.5, 2.5, 4 against 1, 2, 3, 4: 4.5 / √(4.5 · 5)
    expect(spearman([1, 5, 5, 9], [1, 2, 3, 4])).toBeCloseTo(4.5 / Math.sqrt(22.5), 12);
  });
  it('are undefined for constants, single values, and numbers that are not finite', () => {
    expect(pearson([1, 1], [1, 2])).toBeNaN();
    expect(pearson([1], [2])).toBeNaN();
    expect(spearman([1, NaN, 2], [1, 2, 3])).toBeNaN();
    expect(spearman([1, -Infinity, 2], [1, 2, 3])).toBeNaN();
  });
  it('rank with ties sharing the mean', () => expect([...ranks([3, 1, 3, 2])]).toEqual([3.5, 1, 3.5, 2]));
  it('spearman does not change under a map that keeps the order', () => {
    const values = fc.array(fc.integer({ min: -50, max: 50 }), { minLength: 3, maxLength: 12 });
    fc.assert(
      fc.property(values, (x) => {
        const y = x.map((_, i) => (i * 7) % 5);
        const [a, b] = [
          spearman(x, y),
          spearman(
            x.map((value) => Math.exp(value / 10)),
            y,
          ),
        ];
        if (Number.isNaN(a)) expect(b).toBeNaN();
        else expect(b).toBeCloseTo(a, 12);
      }),
    );
  });
});

describe('mantelTest(a, b, size)', () => {
  const size = 8;
  const line = (noise: (i: number, j: number) => number): number[] =>
    Array.from({ length: size * size }, (_, at) => {
      const [i, j] = [Math.floor(at / size), at % size].sort((p, q) => p - q);
      return Math.abs(i - j) + noise(i, j);
    });
  it('sees that two matrices follow the same line, and that a shuffled one does not', () => {
    const a = line(() => 0);
    const alike = mantelTest(
      a,
      line((i, j) => ((i * 13 + j * 7) % 5) / 5),
      size,
    );
    expect(alike.correlation).toBeGreaterThan(0.9);
    expect(alike.p).toBe(1 / 1000);
    const other = Array.from({ length: size * size }, (_, at) => {
      const [i, j] = [Math.floor(at / size), at % size].sort((p, q) => p - q);
      return (i * 31 + j * 17) % 11;
    });
    expect(mantelTest(a, other, size).p).toBeGreaterThan(0.05);
  });
  it('counts every relabelling of three things: of six, those that reach the correlation', () => {
    // Entries above the diagonal 1, 2, 4 against themselves: only the identity reaches 1.
    const matrix = [0, 1, 2, 1, 0, 4, 2, 4, 0];
    const { correlation, p } = mantelTest(matrix, matrix, 3, { permutations: 6000 });
    expect(correlation).toBe(1);
    expect(p).toBeGreaterThan(1 / 6 - 0.02);
    expect(p).toBeLessThan(1 / 6 + 0.02);
  });
  it('compares ranks where asked, and nothing but what is above the diagonal', () => {
    const a = [9, 1, 2, 0, 9, 300, 0, 0, 9];
    const b = [0, 1, 2, 5, 0, 3, 5, 5, 0];
    expect(mantelTest(a, b, 3, { method: 'spearman' }).correlation).toBe(1);
    expect(mantelTest(a, b, 3).correlation).toBeLessThan(0.95);
    expect([...upperTriangle(a, 3)]).toEqual([1, 2, 300]);
  });
  it('is undefined for a constant matrix, and refuses another size', () => {
    expect(mantelTest(new Float32Array(9), line(() => 0).slice(0, 9), 3)).toMatchObject({ correlation: NaN, p: NaN });
    expect(() => mantelTest([1], [1, 2], 1)).toThrow('expected 1 entries, got 2; pass square matrices');
  });
  it('gives the same p for the same seed', () => {
    const a = line(() => 0);
    const b = line((i, j) => ((i * 5 + j * 3) % 7) * 0.8);
    expect(mantelTest(a, b, size, { seed: 3 })).toEqual(mantelTest(a, b, size, { seed: 3 }));
  });
});
