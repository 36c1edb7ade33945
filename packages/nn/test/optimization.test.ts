import { describeBackends, expectClose } from '@cxr-align/testkit';
import * as tf from '@tensorflow/tfjs-core';
import { startEngine } from '@cxr-align/engine';
import { fusedOps, registerFusedOps } from '@cxr-align/fused-ops';
import { RandomStream } from '@cxr-align/random';
import { AdamW, Parameters, scheduleFactor, scheduleNames } from '../src/index.js';

describeBackends('AdamW', (engine) => {
  it('is fused on native and wasm', () =>
    expect(fusedOps().adamW !== undefined).toBe(engine === 'native' || engine === 'wasm'));
  const build = (options = {}) => {
    const parameters = new Parameters(1);
    const matrix = parameters.addParameter('matrix', [2, 2], { constant: 1 });
    const bias = parameters.addParameter('bias', [2], { constant: 1 });
    return { parameters, matrix, bias, optimizer: new AdamW(parameters.trainable(), options) };
  };
  const gradients = (matrix: tf.Variable, value: number) => ({ [matrix.name]: tf.fill([2, 2], value) });
  it('moves by the learning rate at first, against the gradient', () => {
    const { parameters, matrix, bias, optimizer } = build({ weightDecay: 0 });
    expectClose(optimizer.applyGradients(gradients(matrix, 0.5), { learningRate: 0.1 }), 1);
    expectClose(matrix, [0.9, 0.9, 0.9, 0.9]);
    expectClose(bias, [1, 1]);
    parameters.dispose();
  });
  it('takes a step as a part of a larger computation where the engine can, and refuses that elsewhere', async () => {
    const whole = build({ weightDecay: 0.1, maxGradientNorm: 0.5, stepCapture: 'xla' });
    const { optimizer } = whole;
    expect(optimizer.hasPart).toBe(engine === 'native' || engine === 'cuda');
    if (!optimizer.hasPart)
      expect(() => optimizer.part({ learningRate: 0.1 })).toThrow('expected an engine that computes a step as a part');
    else {
      const plain = build({ weightDecay: 0.1, maxGradientNorm: 0.5 });
      const tensors = tf.memory().numTensors;
      for (const [loss, value] of [
        [1, 0.5],
        [NaN, 0.5],
        [2, -3],
      ]) {
        const part = optimizer.part({ learningRate: 0.1 });
        const given = gradients(whole.matrix, value);
        const scalar = tf.scalar(loss);
        const norm = await part.keep(part.compute(given, scalar));
        tf.dispose([given, scalar]);
        if (Number.isNaN(loss)) expect(norm).toBeNaN();
        else expectClose(plain.optimizer.applyGradients(gradients(plain.matrix, value), { learningRate: 0.1 }), norm);
        expectClose(whole.matrix, [...plain.matrix.dataSync()]);
      }
      expect(optimizer.step).toBe(2);
      expect(tf.memory().numTensors).toBe(tensors + 2);
      plain.optimizer.dispose();
      plain.parameters.dispose();
    }
    optimizer.dispose();
    whole.parameters.dispose();
  });
  it('sees what is assigned between two steps, and leaves tensors that were read before a step', () => {
    const { parameters, matrix, optimizer } = build({ weightDecay: 0 });
    optimizer.applyGradients(gradients(matrix, 0.5), { learningRate: 0.1 }).dispose();
    const before = tf.tidy(() => tf.add(matrix, 0));
    tf.tidy(() => matrix.assign(tf.fill([2, 2], 5)));
    optimizer.applyGradients(gradients(matrix, 0.5), { learningRate: 0.1 }).dispose();
    expectClose(matrix, [4.9, 4.9, 4.9, 4.9]);
    expectClose(before, [0.9, 0.9, 0.9, 0.9]);
    before.dispose();
    optimizer.dispose();
    parameters.dispose();
  });
  it.each([NaN, Infinity, -Infinity])(
    'changes nothing by a gradient with %s, and does not count the step',
    async (wrong) => {
      const { parameters, matrix, bias, optimizer } = build({ weightDecay: 0.5, maxGradientNorm: 1 });
      const twin = build({ weightDecay: 0.5, maxGradientNorm: 1 });
      const options = { learningRate: 0.1 };
      const state = async ({ optimizer, matrix, bias }: ReturnType<typeof build>) => [
        await optimizer.state(),
        [...matrix.dataSync(), ...bias.dataSync()],
      ];
      for (const value of [0.5, -0.2]) {
        const bad = { ...gradients(matrix, value), [bias.name]: tf.tensor1d([0.1, wrong]) };
        const tensors = tf.memory().numTensors;
        expect(await optimizer.takeStep(bad, options)).not.toBe(0);
        // The two gradients are gone.
        expect(tf.memory().numTensors).toBe(tensors - 2);
        for (const one of [optimizer, twin.optimizer]) {
          const target = one === optimizer ? matrix : twin.matrix;
          expect(Number.isFinite(await one.takeStep(gradients(target, value), options))).toBe(true);
        }
      }
      expect(optimizer.step).toBe(2);
      expect(await state({ parameters, matrix, bias, optimizer })).toEqual(await state(twin));
      for (const one of [optimizer, parameters, twin.optimizer, twin.parameters]) one.dispose();
    },
  );
  it('multiplies the learning rate of each parameter, and freezes it at 0', () => {
    const { parameters, matrix, bias, optimizer } = build({ weightDecay: 0.5 });
    const all = () => ({ ...gradients(matrix, 0.5), [bias.name]: tf.fill([2], -1) });
    optimizer.applyGradients(all(), { learningRate: 0.1, learningRateMultipliers: [0.5, 1] }).dispose();
    // Decay of 0.5 · 0.05, then a step of 0.05.
    expectClose(matrix, Array(4).fill(0.975 - 0.05), 1e-5);
    expectClose(bias, [1.1, 1.1], 1e-5);
    const before = Array.from(matrix.dataSync());
    optimizer.applyGradients(all(), { learningRate: 0.1, learningRateMultipliers: [0, 1] }).dispose();
    expect(Array.from(matrix.dataSync())).toEqual(before);
    expectClose(bias, [1.2, 1.2], 1e-5);
    optimizer.dispose();
    parameters.dispose();
  });
  it('changes what products and convolutions see, though an engine may have packed the weights', () => {
    const parameters = new Parameters(1);
    const matrix = parameters.addParameter('matrix', [6, 5], { normal: 1 }) as tf.Variable<tf.Rank.R2>;
    const filter = parameters.addParameter('filter', [3, 3, 2, 4], { normal: 1 }) as tf.Variable<tf.Rank.R4>;
    const optimizer = new AdamW(parameters.trainable());
    const rows = tf.ones<tf.Rank.R2>([40, 6]);
    const image = tf.ones<tf.Rank.R4>([1, 3, 3, 2]);
    for (let step = 0; step < 3; step++) {
      const [product, map] = tf.tidy(() => [
        tf.matMul(rows, matrix).dataSync(),
        tf.conv2d(image, filter, 1, 'valid').dataSync(),
      ]);
      // With ones, both are sums over all axes but the last.
      const sums = (values: ArrayLike<number>, last: number): number[] =>
        Array.from({ length: last }, (_, i) =>
          Array.from(values).reduce((sum, v, at) => sum + (at % last === i ? v : 0), 0),
        );
      expectClose(product.subarray(0, 5), sums(matrix.dataSync(), 5), 1e-4);
      expectClose(map, sums(filter.dataSync(), 4), 1e-4);
      const given = { [matrix.name]: tf.ones([6, 5]), [filter.name]: tf.ones([3, 3, 2, 4]) };
      optimizer.applyGradients(given, { learningRate: 0.1 }).dispose();
    }
    tf.dispose([rows, image]);
    optimizer.dispose();
    parameters.dispose();
  });
  it('leaves clones that share the memory of a parameter as they are', () => {
    const { parameters, matrix, optimizer } = build({ weightDecay: 0 });
    for (let step = 0; step < 3; step++) {
      const clone = tf.clone(matrix);
      const before = Array.from(matrix.dataSync());
      optimizer.applyGradients(gradients(matrix, 0.5), { learningRate: 0.1 }).dispose();
      expectClose(clone, before);
      expect(matrix.dataSync()[0]).toBeLessThan(before[0] - 0.05);
      clone.dispose();
    }
    optimizer.dispose();
    parameters.dispose();
  });
  it('agrees with the formula over many steps, clipped and decayed, and leaves no tensor behind', () => {
    const { parameters, matrix, optimizer } = build({ weightDecay: 0.1, maxGradientNorm: 1 });
    const [w, m, v] = [
      [1, 1, 1, 1],
      [0, 0, 0, 0],
      [0, 0, 0, 0],
    ];
    let tensors = 0;
    for (let step = 1; step <= 30; step++) {
      const given = [0, 1, 2, 3].map((i) => Math.sin(step * (i + 1)) * (step % 3));
      optimizer.applyGradients({ [matrix.name]: tf.tensor2d(given, [2, 2]) }, { learningRate: 0.05 }).dispose();
      if (step === 2) tensors = tf.memory().numTensors;
      const length = Math.hypot(...given);
      const shrink = Math.min(1, 1 / (length + 1e-6));
      given.forEach((value, i) => {
        const g = value * shrink;
        m[i] = 0.9 * m[i] + 0.1 * g;
        v[i] = 0.999 * v[i] + 0.001 * g * g;
        w[i] *= 1 - 0.05 * 0.1;
        w[i] -= (0.05 * (m[i] / (1 - 0.9 ** step))) / (Math.sqrt(v[i] / (1 - 0.999 ** step)) + 1e-8);
      });
    }
    expectClose(matrix, w, 2e-5);
    expect(tf.memory().numTensors).toBe(tensors);
    optimizer.dispose();
    parameters.dispose();
  });
  it('refuses a learning rate that is not finite, and multipliers that are not one per parameter', () => {
    const { parameters, matrix, optimizer } = build();
    const given = gradients(matrix, 1);
    expect(() => optimizer.applyGradients(given, { learningRate: NaN })).toThrow(
      'expected a finite learningRate, got NaN',
    );
    expect(() => optimizer.applyGradients(given, { learningRate: 0.1, learningRateMultipliers: [1] })).toThrow(
      'nn/AdamW.applyGradients: expected 2 learningRateMultipliers, got 1',
    );
    expect(optimizer.step).toBe(0);
    tf.dispose(Object.values(given));
    optimizer.dispose();
    parameters.dispose();
  });
  it('decays matrices and leaves biases alone', () => {
    const { parameters, matrix, bias, optimizer } = build({ weightDecay: 0.5 });
    optimizer.applyGradients({}, { learningRate: 0.1 }).dispose();
    expectClose(matrix, [0.95, 0.95, 0.95, 0.95]);
    expectClose(bias, [1, 1]);
    parameters.dispose();
  });
  it('continues from its state as if it had not stopped, and leaks nothing', async () => {
    const straight = build();
    const stopped = build();
    const step = ({ matrix, optimizer }: typeof straight, value: number) =>
      optimizer.applyGradients(gradients(matrix, value), { learningRate: 0.05 }).dispose();
    for (const value of [0.3, -0.2]) {
      step(straight, value);
      step(stopped, value);
    }
    const later = build();
    later.parameters.load(await stopped.parameters.values());
    later.optimizer.restore(await stopped.optimizer.state());
    const before = tf.memory().numTensors;
    step(straight, 0.7);
    expect(tf.memory().numTensors).toBe(before);
    step(later, 0.7);
    expect([...later.matrix.dataSync()]).toEqual([...straight.matrix.dataSync()]);
    expect(later.optimizer.step).toBe(3);
    expect(() => later.optimizer.restore({ step: 0, moments: new Map() })).toThrow('expected 6 numbers in first');
  });
});

describe('scheduleFactor(name, step, options)', () => {
  const options = { warmup: 10, total: 110 };
  it.each(scheduleNames)('%s stays in [0, 1] and ends where it should', (name) => {
    const factors = Array.from({ length: 111 }, (_, step) => scheduleFactor(name, step, options));
    expect(Math.min(...factors)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...factors)).toBeLessThanOrEqual(1);
    if (name !== 'constant') expect(factors[0]).toBe(0);
    expect(factors[110]).toBeCloseTo(name.endsWith('constant') ? 1 : 0, 9);
  });
  it('rises evenly, then falls along half a cosine', () => {
    expect(scheduleFactor('warmup-cosine', 5, options)).toBe(0.5);
    expect(scheduleFactor('warmup-cosine', 60, options)).toBeCloseTo(0.5, 12);
    expect(scheduleFactor('warmup-linear', 60, options)).toBeCloseTo(0.5, 12);
    expect(scheduleFactor('warmup-cosine-restarts', 10 + 50, { ...options, cycles: 2 })).toBe(1);
  });
});

describe('AdamW in one pass on wasm', () => {
  it('gives the bits of the plain version, and its values up to rounding where gradients are clipped', async () => {
    await startEngine('wasm');
    const { adamW } = fusedOps();
    const run = async (fast: boolean, maxGradientNorm?: number): Promise<number[][]> => {
      registerFusedOps('wasm', fast ? { adamW } : {});
      const parameters = new Parameters(3);
      const matrix = parameters.addParameter('matrix', [60, 70], { normal: 1 });
      const bias = parameters.addParameter('bias', [33], { normal: 1 });
      const optimizer = new AdamW(parameters.trainable(), { weightDecay: 0.1, maxGradientNorm });
      const norms: number[] = [];
      for (let step = 0; step < 12; step++) {
        const random = new RandomStream({ seed: 1, purpose: 'gradients', step });
        const given = { [matrix.name]: tf.tensor(random.normals(4200, step % 2 ? 1 : 0.1), [60, 70]) };
        if (step % 3 > 0) given[bias.name] = tf.tensor1d(random.normals(33));
        const norm = optimizer.applyGradients(given, {
          learningRate: 0.01 * (step + 1),
          learningRateMultipliers: step > 6 ? [0.3, 0] : undefined,
        });
        norms.push(norm.dataSync()[0]);
        norm.dispose();
      }
      const { moments } = await optimizer.state();
      const values = [matrix, bias].map((variable) => Array.from(variable.dataSync()));
      optimizer.dispose();
      parameters.dispose();
      return [norms, ...values, ...[...moments.values()].map(({ data }) => Array.from(data))];
    };
    const [[norms, ...bits], [plainNorms, ...plainBits]] = [await run(true), await run(false)];
    expect(bits).toEqual(plainBits);
    norms.forEach((norm, step) => expect(norm / plainNorms[step]).toBeCloseTo(1, 5));
    const [clipped, plain] = [await run(true, 50), await run(false, 50)].map((values) => values.flat());
    expect(Math.max(...clipped.map((value, i) => Math.abs(value - plain[i])))).toBeLessThan(1e-4);
    expect(clipped).not.toEqual([norms, ...bits].flat());
    registerFusedOps('wasm', { adamW });
  });
});
