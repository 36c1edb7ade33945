import { describeBackends, expectClose, expectGradient, expectNoLeak, gradientOf } from '@cxr-align/testkit';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import {
  assertShape,
  constant,
  cosineMatrix,
  inverseNorms,
  pairCosines,
  valueAndGradients,
  l2Normalize,
  promptSimilarity,
  reduce,
  softplus,
} from '../src/index.js';

const number = fc.double({ min: -20, max: 20, noNaN: true });

describeBackends('assertShape(where, name, tensor, axes)', () => {
  it('takes numbers as sizes and names as sizes that must agree', () => {
    tf.tidy(() => {
      const sizes = assertShape('x/y', 'a', tf.zeros([2, 3]), ['batch', 3]);
      expect(sizes).toEqual({ batch: 2 });
      expect(() => assertShape('x/y', 'b', tf.zeros([4, 3]), ['batch', 3], sizes)).toThrow(
        'x/y: expected b of shape [2, 3], got [4, 3]',
      );
      expect(() => assertShape('x/y', 'c', tf.zeros([2]), ['batch', 'labels'])).toThrow(
        'expected c of shape [batch, labels], got [2]',
      );
      expect(() => assertShape('x/y', 'd', tf.zeros([2, 3]), ['n', 'n'])).toThrow(RangeError);
    });
  });
});

describeBackends('reduce(values, reduction, mask)', () => {
  it('counts known entries only, and is 0 where none is known', () => {
    tf.tidy(() => {
      const values = tf.tensor1d([1, 2, 3]);
      const mask = tf.tensor1d([1, 0, 1]);
      expectClose(reduce(values, 'mean'), 2);
      expectClose(reduce(values, 'mean', mask), 2);
      expectClose(reduce(values, 'sum', mask), 4);
      expectClose(reduce(values, 'none', mask), [1, 0, 3]);
      expectClose(reduce(values, 'mean', tf.zeros([3])), 0);
    });
  });
  it('refuses another reduction', () => {
    expect(() => tf.tidy(() => reduce(tf.tensor1d([1]), 'avg' as 'mean'))).toThrow(
      "tensor/reduce: expected reduction to be one of mean, sum, none, got 'avg'",
    );
  });
  it('returns a tensor of its own', () => {
    const values = tf.tensor1d([1, 2]);
    expectNoLeak(() => reduce(values, 'none'));
    expectClose(values, [1, 2]);
    values.dispose();
  });
});

describeBackends('l2Normalize(x)', () => {
  it('gives rows of length 1 and leaves zero rows alone', () => {
    tf.tidy(() =>
      expectClose(
        l2Normalize(
          tf.tensor2d([
            [3, 4],
            [0, 0],
          ]),
        ),
        [0.6, 0.8, 0, 0],
      ),
    );
  });
  it('has the gradient of its formula, finite at a zero row', () => {
    const probe = tf.tensor2d([
      [1, -2],
      [0.5, 3],
    ]);
    const of = (x: tf.Tensor) => tf.mul(l2Normalize(x), probe);
    expectGradient(of, [
      [3, 4],
      [-1, 2],
    ]);
    expect(
      gradientOf(of, [
        [0, 0],
        [1, 1],
      ]).every(Number.isFinite),
    ).toBe(true);
    probe.dispose();
  });
});

describeBackends('softplus(x)', () => {
  it('is log(1 + eˣ), exact at ±100 too', () => {
    tf.tidy(() => expectClose(softplus(tf.tensor1d([0, 100, -100, 3])), [Math.LN2, 100, 0, Math.log1p(Math.exp(3))]));
  });
  it('is above max(x, 0) and has the sigmoid as its gradient', () => {
    fc.assert(
      fc.property(number, (x) => {
        tf.tidy(() => expect(softplus(tf.scalar(x)).dataSync()[0]).toBeGreaterThanOrEqual(Math.max(x, 0) - 1e-6));
        expectClose(
          gradientOf((z) => softplus(z), [x]),
          1 / (1 + Math.exp(-x)),
        );
      }),
      { numRuns: 20 },
    );
  });
});

describeBackends('cosineMatrix(embeddings)', () => {
  it('holds the cosines of all rows, for each matrix of a batch', () => {
    tf.tidy(() =>
      expectClose(
        cosineMatrix(
          tf.tensor3d([
            [
              [2, 0],
              [1, 1],
            ],
            [
              [0, 1],
              [0, -3],
            ],
          ]),
        ),
        [1, Math.SQRT1_2, Math.SQRT1_2, 1, 1, -1, -1, 1],
      ),
    );
  });
});

describeBackends('the gradients of cosines', () => {
  const rows = [
    [3, 4, 1],
    [-1, 2, 0.5],
  ];
  const others = [
    [1, 0.5, -2],
    [0.3, 1, 1],
    [2, 2, -1],
  ];
  const weighted = (cosines: tf.Tensor): tf.Tensor =>
    tf.mul(cosines, tf.add(tf.reshape(tf.range(0, cosines.size), cosines.shape), 1));

  it('are those of inverseNorms', () => {
    expectGradient((x) => weighted(inverseNorms(x)), rows);
  });
  it('are those of cosineMatrix, whose entries need not be weighted alike', () => {
    expectGradient((x) => weighted(cosineMatrix(x)), others);
    expectGradient((x) => weighted(cosineMatrix(x)), [others, rows.concat([[1, 1, 1]])]);
  });
  it('are those of pairCosines by both sides and by the scale', () => {
    tf.tidy(() => {
      const [x, y] = [tf.tensor2d(rows), tf.tensor2d(others)];
      expectGradient((z) => weighted(pairCosines(z, y)), rows);
      expectGradient((z) => weighted(pairCosines(x, z)), others);
      expectGradient((scale) => weighted(pairCosines(x, y, tf.reshape(scale, []))), [2]);
      expectClose(pairCosines(x, y, tf.scalar(2)), tf.mul(tf.matMul(l2Normalize(x), l2Normalize(y), false, true), 2));
    });
  });
  it('are finite at rows of zeros, whose cosines are 0', () => {
    const zeroed = [rows[0], [0, 0, 0]];
    tf.tidy(() => {
      const y = tf.tensor2d(others);
      expectClose(tf.slice(pairCosines(tf.tensor2d(zeroed), y), [1, 0]), [0, 0, 0]);
      expectClose(tf.slice(cosineMatrix(tf.tensor2d(zeroed)), [1, 0]), [0, 0]);
      expect(gradientOf((x) => weighted(pairCosines(x, y)), zeroed).every(Number.isFinite)).toBe(true);
      expect(gradientOf((x) => weighted(cosineMatrix(x)), zeroed).every(Number.isFinite)).toBe(true);
    });
  });
});

describeBackends('constant(compute)', () => {
  it('has no gradient, and leaves the result alone', () => {
    const x = tf.tensor1d([1, 2]);
    expectNoLeak(() => constant(() => tf.mul(tf.square(x), 2)));
    expect(
      gradientOf(
        (z) =>
          tf.mul(
            z,
            constant(() => tf.square(z)),
          ),
        [3],
      ),
    ).toEqual([9]);
    x.dispose();
  });
});

describeBackends('promptSimilarity(image, prompts)', () => {
  it('is the cosine to the positive minus that to the negative prompt', () => {
    tf.tidy(() => {
      const image = tf.tensor3d([
        [
          [2, 0],
          [0, 1],
        ],
      ]);
      const positive = tf.tensor2d([
        [1, 0],
        [1, 0],
      ]);
      expectClose(promptSimilarity(image, { positive }), [1, 0]);
      expectClose(
        promptSimilarity(image, {
          positive,
          negative: tf.tensor2d([
            [0, 1],
            [0, 5],
          ]),
        }),
        [1, -1],
      );
    });
  });
});

describeBackends('valueAndGradients(forward, variables)', () => {
  it('returns loss, gradients and auxiliary tensors of the same pass, and leaves nothing else', () => {
    const x = tf.variable(tf.scalar(3));
    const before = tf.memory().numTensors;
    const { loss, gradients, aux } = valueAndGradients(() => {
      const square = tf.square(x) as tf.Scalar;
      return { loss: tf.mul(square, 2), aux: { square } };
    }, [x]);
    expectClose(loss, 18);
    expectClose(gradients[x.name], 12);
    expectClose(aux.square, 9);
    tf.dispose([loss, gradients, aux]);
    expect(tf.memory().numTensors).toBe(before);
    x.dispose();
  });
});
