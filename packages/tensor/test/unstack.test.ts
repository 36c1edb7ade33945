import { describeBackends, expectClose, gradientOf } from '@cxr-align/testkit';
import * as tf from '@tensorflow/tfjs-core';
import { unstack } from '../src/index.js';

describeBackends('unstack(x)', () => {
  it.each([1, 2])('has parts of one rank less, and a gradient, for %d parts', (count) => {
    tf.tidy(() => {
      const rows = Array.from({ length: count }, (_, i) => [i, 2 * i]);
      const parts = unstack(tf.tensor2d(rows));
      expect(parts.map(({ shape }) => shape)).toEqual(rows.map(() => [2]));
      parts.forEach((part, i) => expectClose(part, rows[i]));
    });
    const rows = Array.from({ length: count }, () => [1, 2]);
    expectClose(
      gradientOf((x) => tf.square(unstack(x).at(-1)!), rows),
      rows.flatMap((_, i) => (i === count - 1 ? [2, 4] : [0, 0])),
    );
  });
});
