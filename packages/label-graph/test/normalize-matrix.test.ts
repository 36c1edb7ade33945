import fc from 'fast-check';
import { blendMatrices, type LabelMatrix, matrixNormalizations, normalizeMatrix, symmetrize } from '../src/index.js';

const matrix = (...values: number[]): LabelMatrix => ({ labels: ['a', 'b'], values: Float32Array.from(values) });
const close = (got: LabelMatrix, wanted: number[]): void =>
  wanted.forEach((value, i) => expect(got.values[i]).toBeCloseTo(value, 6));

describe('normalizeMatrix(matrix, normalization)', () => {
  it('row-l2 gives rows of length 1 and leaves rows of zeros', () => {
    close(normalizeMatrix(matrix(3, 4, 0, 0), 'row-l2'), [0.6, 0.8, 0, 0]);
  });
  it('min-max spreads the whole matrix over [0, 1], and leaves out what is not finite', () => {
    close(normalizeMatrix(matrix(-1, 1, 3, 0), 'min-max'), [0, 0.5, 1, 0.25]);
    close(normalizeMatrix(matrix(2, 2, 2, 2), 'min-max'), [0, 0, 0, 0]);
    expect([...normalizeMatrix(matrix(-Infinity, 1, 3, NaN), 'min-max').values]).toEqual([-Infinity, 0, 1, NaN]);
  });
  it('softmax sums to 1 by row, sharper with a small tau, also for large entries', () => {
    close(normalizeMatrix(matrix(0, Math.log(3), 1000, 1000), 'softmax'), [0.25, 0.75, 0.5, 0.5]);
    close(normalizeMatrix(matrix(0, Math.log(3), 0, 0), 'softmax', { tau: 0.5 }), [0.1, 0.9, 0.5, 0.5]);
  });
  it('exp makes similarities of distances', () => {
    close(normalizeMatrix(matrix(0, 2, 2, 0), 'exp', { tau: 2 }), [1, Math.exp(-1), Math.exp(-1), 1]);
  });
  it('inverse is 1 / x, and 0 at 0', () => {
    close(normalizeMatrix(matrix(0, 2, 4, 0), 'inverse'), [0, 0.5, 0.25, 0]);
  });
  it('never changes what it is given', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...matrixNormalizations),
        fc.array(fc.float({ noNaN: true, noDefaultInfinity: true }), { minLength: 4, maxLength: 4 }),
        (name, values) => {
          const given = matrix(...values);
          normalizeMatrix(given, name);
          expect([...given.values]).toEqual(values);
        },
      ),
    );
  });
  it('refuses a tau of 0', () => {
    expect(() => normalizeMatrix(matrix(0, 0, 0, 0), 'exp', { tau: 0 })).toThrow('expected tau above 0, got 0');
  });
});

describe('blendMatrices(prior, counted, share)', () => {
  it('mixes entry by entry; where nothing could be counted the prior stands', () => {
    close(blendMatrices(matrix(1, 0, 0, 1), matrix(1, 1, NaN, -Infinity), 0.25), [1, 0.25, 0, 1]);
  });
  it('refuses other labels and other shares', () => {
    const other = { labels: ['a', 'c'], values: new Float32Array(4) };
    expect(() => blendMatrices(matrix(0, 0, 0, 0), other, 0.5)).toThrow('got a, b and a, c');
    expect(() => blendMatrices(matrix(0, 0, 0, 0), matrix(0, 0, 0, 0), 1.5)).toThrow('a share in [0, 1], got 1.5');
  });
});

describe('symmetrize(matrix)', () => {
  it('is the mean with the transpose', () => close(symmetrize(matrix(1, 2, 4, 3)), [1, 3, 3, 3]));
});
