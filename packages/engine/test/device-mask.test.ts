import { RandomStream, streamWords } from '@cxr-align/random';
import * as tf from '@tensorflow/tfjs-core';
import { startEngine } from '../src/index.js';
import { deviceMask } from '../src/tensorflow/device-mask.js';

/** TensorFlow may not be set up: this runs where every other test of native does. */
const itOnNative = process.env.TEST_BACKENDS?.includes('native') ? it : it.skip;

describe('deviceMask(shape, mask)', () => {
  itOnNative('lets TensorFlow draw what packages/random draws (on native)', async () => {
    await startEngine('native');
    const key = { seed: 3_000_000_000, purpose: 'dropout/somewhere', step: 12, epoch: 3 };
    const words = new Int32Array(streamWords(key).buffer);
    const tensors = tf.memory().numTensors;
    for (const shape of [[1], [3, 7], [32, 14, 65]]) {
      const mask = deviceMask(shape, { rate: 0.3, words });
      expect(mask.shape).toEqual(shape);
      expect(mask.dataSync()).toEqual(new RandomStream(key).dropoutMask(mask.size, 0.3));
      mask.dispose();
    }
    expect(tf.memory().numTensors).toBe(tensors);
  });
});
