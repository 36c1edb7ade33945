import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { fusedOps } from '@cxr-align/fused-ops';
import { RandomStream, streamWords } from '@cxr-align/random';
import * as tf from '@tensorflow/tfjs-core';
import { AdamWWithMoments } from '../src/kernels/adamw-moments.js';
import { TensorflowStepCapture } from '../src/kernels/capture/step-capture.js';
import { CapturedAdamW } from '../src/kernels/tensorflow/captured-adamw.js';
import { deviceDropoutMask } from '../src/kernels/tensorflow/dropout-mask.js';
import { describeTensorflow } from './describe-tensorflow.js';

describeTensorflow('deviceDropoutMask(shape, mask)', () => {
  it('draws what packages/random draws', () => {
    const key = { seed: 3_000_000_000, purpose: 'dropout/somewhere', step: 12, epoch: 3 };
    const words = new Int32Array(streamWords(key).buffer);
    const tensors = tf.memory().numTensors;
    for (const shape of [[1], [3, 7], [32, 14, 65]]) {
      const mask = deviceDropoutMask(shape, { rate: 0.3, words });
      expect(mask.shape).toEqual(shape);
      expect(mask.dataSync()).toEqual(new RandomStream(key).dropoutMask(mask.size, 0.3));
      mask.dispose();
    }
    expect(tf.memory().numTensors).toBe(tensors);
  });
});

/** AdamW in float64: w ← w − lr · multiplier · (m̂ / (√v̂ + eps) + decay · w), of gradients clipped to the global norm. */
class ReferenceAdamW {
  private readonly first: number[][];
  private readonly second: number[][];

  constructor(
    private readonly weights: number[][],
    private readonly decay: number[],
  ) {
    this.first = weights.map((one) => one.map(() => 0));
    this.second = weights.map((one) => one.map(() => 0));
  }

  apply(gradients: number[][], step: number, learningRate: number, multipliers: number[]): number {
    const norm = Math.sqrt(gradients.flat().reduce((sum, g) => sum + g * g, 0));
    const clip = Math.min(1, 1 / (norm + 1e-6));
    this.weights.forEach((weights, i) =>
      weights.forEach((weight, j) => {
        const gradient = gradients[i][j] * clip;
        const m = (this.first[i][j] = 0.9 * this.first[i][j] + 0.1 * gradient);
        const v = (this.second[i][j] = 0.999 * this.second[i][j] + 0.001 * gradient * gradient);
        const move = m / (1 - 0.9 ** step) / (Math.sqrt(v / (1 - 0.999 ** step)) + 1e-8);
        weights[j] = weight - learningRate * multipliers[i] * (move + this.decay[i] * weight);
      }),
    );
    return norm;
  }
}

describeTensorflow('AdamW', () => {
  type Make = (variables: tf.Variable[], decay: number[]) => AdamWWithMoments;
  const forms: [string, Make][] = [
    ['of the engine', (variables, decay) => fusedOps().adamW!(variables, decay) as AdamWWithMoments],
    [
      'captured, as on a device',
      (variables, decay) => new CapturedAdamW(variables, decay, new TensorflowStepCapture()),
    ],
    ['of a device, op by op', (variables, decay) => new CapturedAdamW(variables, decay)],
    ['compiled', (variables, decay) => fusedOps().adamW!(variables, decay, { stepCapture: 'xla' }) as AdamWWithMoments],
  ];
  it.each(forms)('%s: steps, stores and restores by the formula', async (_, make) => {
    const start = [
      [-1, -0.6, -0.2, 0.2, 0.6, 1],
      [0, 0.25, 0.5, 0.75, 1],
    ];
    const variables = [tf.variable(tf.tensor2d(start[0], [2, 3])), tf.variable(tf.tensor1d(start[1]))];
    const expected = start.map((one) => [...one]);
    const reference = new ReferenceAdamW(expected, [0.1, 0]);
    const step = (optimizer: AdamWWithMoments, number: number): void => {
      const gradients = expected.map((weights, i) => weights.map((weight) => Math.sin(9 * weight + number + i)));
      const tensors = gradients.map((values, i) => tf.tensor(values, variables[i].shape));
      const settings = { step: number, learningRate: 0.01 / number, beta1: 0.9, beta2: 0.999, eps: 1e-8 };
      // A learning rate that changes in each step, and multipliers that change once.
      const learningRateMultipliers = number < 6 ? [1, 0.5] : [0, 1];
      const norm = optimizer.apply(tensors, { ...settings, maxGradientNorm: 1, learningRateMultipliers });
      const wanted = reference.apply(gradients, number, settings.learningRate, learningRateMultipliers);
      expect(norm.dataSync()[0]).toBeCloseTo(wanted, 5);
      norm.dispose();
      variables.forEach((variable, i) =>
        variable.dataSync().forEach((value, j) => expect(value).toBeCloseTo(expected[i][j], 5)),
      );
    };
    const optimizer = make(variables, [0.1, 0]);
    /** A gradient that is no number changes neither variables nor moments. */
    const skip = (number: number): void => {
      const tensors = variables.map(({ shape }, i) => tf.fill(shape, i === 0 ? 0.5 : [NaN, Infinity][number % 2]));
      const settings = { step: number, learningRate: 0.01, beta1: 0.9, beta2: 0.999, eps: 1e-8, maxGradientNorm: 1 };
      const before = variables.map((variable) => variable.dataSync().slice());
      const norm = optimizer.apply(tensors, { ...settings, learningRateMultipliers: number < 6 ? [1, 0.5] : [0, 1] });
      expect(Number.isFinite(norm.dataSync()[0])).toBe(false);
      norm.dispose();
      expect(variables.map((variable) => variable.dataSync())).toEqual(before);
    };
    for (const number of [1, 2, 3, 4, 5, 6, 7]) {
      skip(number);
      step(optimizer, number);
    }
    const moments = await optimizer.moments();
    optimizer.dispose();
    const resumed = make(variables, [0.1, 0]);
    resumed.restore(moments);
    const tensors = tf.memory().numTensors;
    for (const number of [8, 9, 10, 11]) step(resumed, number);
    expect(tf.memory().numTensors).toBe(tensors);
    resumed.dispose();
    tf.dispose(variables);
  });
});

describeTensorflow('signals', (engine) => {
  it('do no harm during a product, are delivered, and reach child processes', () => {
    // In a process of its own, of the build: the one of these tests has no handlers.
    const script = `
      import { spawn, spawnSync } from 'node:child_process';
      import { startEngine } from ${JSON.stringify(new URL('../dist/index.js', import.meta.url).href)};
      import * as tf from '@tensorflow/tfjs-core';
      await startEngine('${engine}');
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
  });
});
