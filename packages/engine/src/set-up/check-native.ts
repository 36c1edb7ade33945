import * as tf from '@tensorflow/tfjs-core';
import { loadBinding } from '../start/load-binding.js';
import { SetUpError } from './set-up-error.js';

/** Largest relative difference that float32 products of this size explain. */
const tolerance = 1e-4;

/**
 * Compares a matrix product and one training step of a binding with the cpu engine.
 *
 * @returns the largest difference, relative to the largest value, and the version of the library.
 * @throws {SetUpError} if they differ.
 */
export async function checkNative(folder: string): Promise<{ difference: number; tensorflow: string }> {
  await import('@tensorflow/tfjs-layers');
  await import('@tensorflow/tfjs-backend-cpu');
  await tf.setBackend('cpu');
  const expected = await computed();
  loadBinding(folder);
  if (!(await tf.setBackend('tensorflow')))
    throw new SetUpError('engine/setUpNative: the binding does not start; try another TensorFlow version');
  const got = await computed();
  const scale = Math.max(...expected.map(Math.abs));
  const difference = Math.max(...expected.map((value, i) => Math.abs(value - got[i]))) / scale;
  if (!(difference <= tolerance))
    throw new SetUpError(
      `engine/setUpNative: expected a product and a training step as on the cpu engine, got a relative difference of ${difference}; try another TensorFlow version`,
    );
  const { binding } = tf.backend() as unknown as { binding: { TF_Version: string } };
  return { difference, tensorflow: binding.TF_Version };
}

/** A product, and the weights of two layers after one step. */
async function computed(): Promise<number[]> {
  const wave = (shape: [number, number], phase: number): tf.Tensor2D =>
    tf.tensor2d(
      Float32Array.from({ length: shape[0] * shape[1] }, (_, i) => Math.sin(i + phase)),
      shape,
    );
  const [x, target] = [wave([64, 48], 0), wave([64, 8], 1)];
  const weights = [tf.variable(wave([48, 32], 2)), tf.variable(wave([32, 8], 3))];
  const optimizer = tf.train.adam(0.01);
  optimizer.minimize(() => {
    const hidden = tf.relu(tf.matMul(x, weights[0]));
    return tf.mean(tf.square(tf.sub(tf.softmax(tf.matMul(hidden, weights[1])), target))) as tf.Scalar;
  });
  const product = tf.matMul(x, weights[0]);
  const values = await Promise.all([product, ...weights].map((one) => one.data()));
  optimizer.dispose();
  tf.dispose([x, target, product, ...weights]);
  return values.flatMap((one) => [...one]);
}
