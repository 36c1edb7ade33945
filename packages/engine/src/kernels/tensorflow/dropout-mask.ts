import type { DropoutMask } from '@cxr-align/fused-ops';
import * as tf from '@tensorflow/tfjs-core';
import { Operations } from './operations.js';

/**
 * Generates a dropout mask on the device instead of uploading it: TensorFlow's Philox with the key and counter of
 * packages/random gives the same numbers. TensorFlow.js knows none of the types in between.
 */
export function deviceDropoutMask(shape: number[], { rate, words }: DropoutMask): tf.Tensor {
  const ops = new Operations();
  const size = shape.reduce((product, extent) => product * extent, 1);
  const [seed, purpose, step, epoch] = words;
  return tf.tidy(() => {
    const keyWords = tf.tensor2d(Int32Array.of(seed, purpose), [1, 2], 'int32');
    const counterWords = tf.tensor2d(Int32Array.of(0, 0, step, epoch), [2, 2], 'int32');
    const count = tf.tensor1d(Int32Array.of(Math.ceil(size / 2)), 'int32');
    const algorithm = tf.scalar(philox, 'int32');
    const numbers = ops.chain((run) => {
      const wide = (words: tf.Tensor): number => run('Bitcast', [words], { T: 'int32', type: 'uint64' });
      const drawn = run('StatelessRandomUniformFullIntV2', [count, wide(keyWords), wide(counterWords), algorithm], {
        dtype: 'uint32',
        Tshape: 'int32',
      });
      const halves = run('Bitcast', [drawn], { T: 'uint32', type: 'uint16' });
      return run('Cast', [halves], { SrcT: 'uint16', DstT: 'float32' });
    });
    const flat = tf.slice(tf.reshape(numbers, [-1]), 0, size);
    const kept = tf.cast(tf.greaterEqual(flat, Math.round(rate * 65536)), 'float32');
    return tf.reshape(tf.mul(kept, 1 / (1 - rate)), shape);
  });
}

/** The number of the algorithm in StatelessRandomUniformFullIntV2. */
const philox = 1;
