import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { FusedAdamW } from '@cxr-align/fast-forms';
import { RandomStream, streamWords } from '@cxr-align/random';
import * as tf from '@tensorflow/tfjs-core';
import { startEngine } from '../src/index.js';
import { deviceMask } from '../src/tensorflow/device-mask.js';
import { InPlaceAdamW } from '../src/tensorflow/in-place-adamw.js';
import { ReplayedAdamW } from '../src/tensorflow/replayed-adamw.js';
import { ResourceAdamW } from '../src/tensorflow/resource-adamw.js';

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

describe('AdamW by operations of TensorFlow', () => {
  const itOnNativeEach = process.env.TEST_BACKENDS?.includes('native') ? it.each : it.skip.each;
  itOnNativeEach([
    ['ResourceAdamW, of a binding without our own kernels', ResourceAdamW],
    ['ReplayedAdamW, which a device has', ReplayedAdamW],
  ])('%s, steps, stores and restores as the kernel of the processor does (on native)', async (_, Form) => {
    await startEngine('native');
    const settings = { learningRate: 0.01, beta1: 0.9, beta2: 0.999, eps: 1e-8, maxGradientNorm: 1 };
    const run = async (
      Made: typeof InPlaceAdamW | typeof ResourceAdamW | typeof ReplayedAdamW,
    ): Promise<number[][]> => {
      const variables = [tf.variable(tf.reshape(tf.linspace(-1, 1, 6), [2, 3])), tf.variable(tf.linspace(0, 1, 5))];
      const step = (form: FusedAdamW, number: number): number => {
        const gradients = tf.tidy(() =>
          variables.map((variable, i) => tf.sin(tf.add(tf.mul(variable, 9), number + i))),
        );
        // Of a rate that changes, and factors that change once.
        const factors = number < 6 ? [1, 0.5] : [0, 1];
        const length = form.apply(gradients, { ...settings, step: number, learningRate: 0.01 / number, factors });
        const [value] = length.dataSync();
        length.dispose();
        return value;
      };
      const form = new Made(variables, [0.1, 0]);
      const norms = [1, 2, 3, 4, 5, 6, 7].map((number) => step(form, number));
      const moments = await form.moments();
      form.dispose();
      const resumed = new Made(variables, [0.1, 0]);
      resumed.restore(moments);
      const tensors = tf.memory().numTensors;
      norms.push(...[8, 9, 10, 11].map((number) => step(resumed, number)));
      expect(tf.memory().numTensors).toBe(tensors);
      const { first, second } = await resumed.moments();
      const values = variables.map((variable) => [...variable.dataSync()]);
      resumed.dispose();
      return [norms, ...values, [...first], [...second]];
    };
    const [got, wanted] = [await run(Form), await run(InPlaceAdamW)];
    wanted.forEach((numbers, i) => numbers.forEach((value, j) => expect(got[i][j]).toBeCloseTo(value, 5)));
    expect(got[0][2]).toBeGreaterThan(0);
  });
});

describe('signals', () => {
  itOnNative(
    'do no harm in the midst of a product, come through, and reach programs that are started (on native)',
    () => {
      // In a process of its own, of the build: the one of these tests has no handlers.
      const script = `
      import { spawn, spawnSync } from 'node:child_process';
      import { startEngine } from ${JSON.stringify(new URL('../dist/index.js', import.meta.url).href)};
      import * as tf from '@tensorflow/tfjs-core';
      await startEngine('native');
      let came = 0;
      process.on('SIGWINCH', () => came++);
      const sender = spawn('sh', ['-c', 'while kill -WINCH ' + process.pid + '; do sleep 0.001; done']);
      // From 128 terms of a sum on: without signals.cc the heap breaks within these seconds.
      const [a, b] = [tf.ones([448, 128]), tf.ones([128, 128])];
      for (const began = Date.now(); Date.now() - began < 3000; ) {
        for (let i = 0; i < 50; i++) tf.matMul(a, b).dispose();
        await new Promise((resolve) => setImmediate(resolve));
      }
      sender.kill();
      const { stdout } = spawnSync('grep', ['SigBlk', '/proc/self/status'], { encoding: 'utf8' });
      console.log(JSON.stringify({ came, blocked: stdout.trim().split(/\\s+/)[1] }));
      process.exit();`;
      const { status, stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
        encoding: 'utf8',
        cwd: fileURLToPath(new URL('..', import.meta.url)),
      });
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      const { came, blocked } = JSON.parse(stdout) as { came: number; blocked: string };
      expect(came).toBeGreaterThan(100);
      expect(BigInt(`0x${blocked}`)).toBe(0n);
    },
  );
});
