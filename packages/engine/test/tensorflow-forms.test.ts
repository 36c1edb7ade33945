import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { RandomStream, streamWords } from '@cxr-align/random';
import * as tf from '@tensorflow/tfjs-core';
import { startEngine } from '../src/index.js';
import { deviceMask } from '../src/tensorflow/device-mask.js';
import { InPlaceAdamW } from '../src/tensorflow/in-place-adamw.js';
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

describe('ResourceAdamW, which a device has', () => {
  itOnNative('steps, stores and restores as the kernel of the processor does (on native)', async () => {
    await startEngine('native');
    const settings = { learningRate: 0.01, beta1: 0.9, beta2: 0.999, eps: 1e-8, maxGradientNorm: 1, factors: [1, 0.5] };
    const run = async (Form: typeof ResourceAdamW | typeof InPlaceAdamW): Promise<number[][]> => {
      const variables = [tf.variable(tf.reshape(tf.linspace(-1, 1, 6), [2, 3])), tf.variable(tf.linspace(0, 1, 5))];
      const step = (form: ResourceAdamW | InPlaceAdamW, number: number): number => {
        const gradients = variables.map((variable, i) => tf.sin(tf.add(tf.mul(variable, 9), number + i)));
        return form.apply(gradients, { step: number, ...settings }).dataSync()[0];
      };
      const form = new Form(variables, [0.1, 0]);
      const norms = [step(form, 1), step(form, 2)];
      const moments = await form.moments();
      form.dispose();
      const resumed = new Form(variables, [0.1, 0]);
      resumed.restore(moments);
      norms.push(step(resumed, 3));
      const { first, second } = await resumed.moments();
      const values = variables.map((variable) => [...variable.dataSync()]);
      resumed.dispose();
      return [norms, ...values, [...first], [...second]];
    };
    const [resource, inPlace] = [await run(ResourceAdamW), await run(InPlaceAdamW)];
    resource.forEach((numbers, i) => numbers.forEach((value, j) => expect(value).toBeCloseTo(inPlace[i][j], 5)));
    expect(resource[0][2]).toBeGreaterThan(0);
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
