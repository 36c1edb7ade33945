import { describeBackends, expectClose } from '@cxr-align/testkit';
import * as tf from '@tensorflow/tfjs-core';
import { AdamW, Parameters, scheduleFactor, scheduleNames } from '../src/index.js';

describeBackends('AdamW', () => {
  const build = (options = {}) => {
    const parameters = new Parameters(1);
    const matrix = parameters.make('matrix', [2, 2], { constant: 1 });
    const bias = parameters.make('bias', [2], { constant: 1 });
    return { parameters, matrix, bias, optimizer: new AdamW(parameters.trainable(), options) };
  };
  const gradients = (matrix: tf.Variable, value: number) => ({ [matrix.name]: tf.fill([2, 2], value) });
  it('moves by the learning rate at first, against the gradient', () => {
    const { parameters, matrix, bias, optimizer } = build({ weightDecay: 0 });
    expectClose(optimizer.apply(gradients(matrix, 0.5), 0.1), 1);
    expectClose(matrix, [0.9, 0.9, 0.9, 0.9]);
    expectClose(bias, [1, 1]);
    parameters.dispose();
  });
  it('decays matrices and leaves biases alone', () => {
    const { parameters, matrix, bias, optimizer } = build({ weightDecay: 0.5 });
    optimizer.apply({}, 0.1).dispose();
    expectClose(matrix, [0.95, 0.95, 0.95, 0.95]);
    expectClose(bias, [1, 1]);
    parameters.dispose();
  });
  it('goes on from its state as if it had not stopped, and leaks nothing', async () => {
    const straight = build();
    const stopped = build();
    const step = ({ matrix, optimizer }: typeof straight, value: number) =>
      optimizer.apply(gradients(matrix, value), 0.05).dispose();
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
