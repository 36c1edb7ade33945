import * as tf from '@tensorflow/tfjs-core';

/** Expects `work` to leave no tensor behind but those it returns, which are disposed here. */
export function expectNoLeak(work: () => tf.Tensor | tf.Tensor[] | void): void {
  const before = tf.memory().numTensors;
  const result = work();
  const returned = result === undefined ? [] : Array.isArray(result) ? result : [result];
  expect(tf.memory().numTensors - before).toBe(returned.length);
  tf.dispose(returned);
  expect(tf.memory().numTensors).toBe(before);
}
