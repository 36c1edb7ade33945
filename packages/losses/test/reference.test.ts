import { describeBackends, expectClose, expectNoLeak } from '@cxr-align/testkit';
import * as tf from '@tensorflow/tfjs-core';
import { referenceTaskDifficultyLoss, referenceUncertaintyLoss } from '../src/reference.js';

describeBackends('referenceTaskDifficultyLoss(losses)', () => {
  it('is Σ e^(ℓ/T) ℓ, and its gradient e^(ℓ/T)', () => {
    tf.tidy(() => {
      const losses = tf.tensor1d([1, 2]);
      const [a, b] = [Math.exp(0.5), Math.exp(1)];
      expectClose(referenceTaskDifficultyLoss(losses, { temperature: 2 }), a + 2 * b);
      expectClose(tf.grad((x) => referenceTaskDifficultyLoss(x, { temperature: 2 }))(losses), [a, b]);
    });
  });
});

describeBackends('referenceUncertaintyLoss(losses, sigmas)', () => {
  const [losses, sigmas] = [
    [0.7, 2.4, 0.1],
    [1.2, 0.9, 1.5],
  ];
  const expected = (shared: number) =>
    0.7 / 1.2 ** 2 + 2.4 / 0.9 ** 2 + 0.1 / (2 * sigmas[shared] ** 2) + Math.log(1.2 * 0.9 * 1.5);
  it('divides the last task by its own σ, or by that of another task as coded', () => {
    tf.tidy(() => {
      expectClose(referenceUncertaintyLoss(tf.tensor1d(losses), tf.tensor1d(sigmas)), expected(2));
      expectClose(referenceUncertaintyLoss(tf.tensor1d(losses), tf.tensor1d(sigmas), { sharedWith: 1 }), expected(1));
    });
  });
  it('drops a loss of 0, and leaves a single one as it is', () => {
    tf.tidy(() => {
      const of = (values: number[]) => referenceUncertaintyLoss(tf.tensor1d(values), tf.tensor1d(sigmas));
      expectClose(of([0.7, 0, 0.1]), 0.7 / 1.2 ** 2 + 0.1 / (2 * 1.5 ** 2) + Math.log(1.2 * 1.5));
      expectClose(of([0, 2.4, 0]), 2.4);
    });
  });
  it('leaves no tensor behind', () => {
    const [a, b] = [tf.tensor1d(losses), tf.tensor1d(sigmas)];
    expectNoLeak(() => referenceUncertaintyLoss(a, b));
    expectNoLeak(() => referenceTaskDifficultyLoss(a));
    tf.dispose([a, b]);
  });
});
