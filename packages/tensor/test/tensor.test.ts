import { describeBackends, expectClose, expectGradient, expectNoLeak, gradientOf } from '@cxr-align/testkit';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import {
  assertShape,
  cosineMatrix,
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
