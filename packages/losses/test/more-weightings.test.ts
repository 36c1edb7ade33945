import { describeBackends, expectClose, expectNoLeak } from '@cxr-align/testkit';
import * as tf from '@tensorflow/tfjs-core';
import {
  DynamicWeightAverage,
  GeometricWeighting,
  gradientCosines,
  LearnableWeighting,
  RandomWeighting,
  taskDifficulty,
  TaskDifficultyWeighting,
  type TaskWeighting,
} from '../src/index.js';

const tasks = ['a', 'b'];
const losses = () => ({ a: tf.scalar(2), b: tf.scalar(8) });
const combined = (weighting: TaskWeighting): number => tf.tidy(() => weighting.combine(losses()).dataSync()[0]);

describeBackends('weightings', () => {
  it('taskDifficulty: log-sum-exp stays finite, tends to the largest loss and to equal weights', () => {
    tf.tidy(() => {
      const values = tf.tensor1d([1e4, 3]);
      expectClose(taskDifficulty(values), 1e4);
      const weightsAt = (temperature: number) =>
        tf.grad((x) => taskDifficulty(x as tf.Tensor1D, { temperature }))(tf.tensor1d([2, 3]));
      expectClose(weightsAt(1e6), [0.5, 0.5], 1e-5);
      expectClose(weightsAt(0.01), [0, 1]);
      expect(() => taskDifficulty(values, { temperature: 0 })).toThrow('expected a temperature above 0, got 0');
    });
  });
  it.each(['exp', 'logsumexp', 'seed'] as const)(
    'TaskDifficultyWeighting reports the weights that its gradient has (%s)',
    async (form) => {
      const weighting = new TaskDifficultyWeighting(tasks, { temperature: 2, form });
      weighting.observe({ a: 1, b: 2 });
      const gradient = tf.tidy(() =>
        tf
          .grad((x) => taskDifficulty(x as tf.Tensor1D, { temperature: 2, form }))(tf.tensor1d([1, 2]))
          .dataSync(),
      );
      expectClose(Object.values(await weighting.weights()), [...gradient], 1e-5);
    },
  );
  it('DynamicWeightAverage favours the task that falls slowly', async () => {
    const weighting = new DynamicWeightAverage(tasks);
    weighting.observe({ a: 4, b: 8 });
    expect(combined(weighting)).toBe(10);
    weighting.observe({ a: 2, b: 8 });
    const { a, b } = await weighting.weights();
    expect(a + b).toBeCloseTo(2, 10);
    expect(b / a).toBeCloseTo(Math.exp((1 - 0.5) / 2), 10);
  });
  it('RandomWeighting draws new weights that sum to the number of tasks', async () => {
    let draw = 0;
    const weighting = new RandomWeighting(tasks, () => Math.sin(++draw));
    const first = combined(weighting);
    const { a, b } = await weighting.weights();
    expect(a + b).toBeCloseTo(2, 10);
    expectClose(first, 2 * a + 8 * b);
    expect(combined(weighting)).not.toBe(first);
  });
  it('GeometricWeighting is the geometric mean', () => {
    expectClose(combined(new GeometricWeighting(tasks)), 4);
  });
  it('LearnableWeighting starts at 1 each, learns, and cannot run away', async () => {
    const weighting = new LearnableWeighting(tasks);
    expectClose(combined(weighting), 10);
    const optimizer = tf.train.sgd(0.5);
    for (let i = 0; i < 50; i++)
      tf.tidy(() => void optimizer.minimize(() => weighting.combine(losses()), false, [...weighting.variables]));
    const { a, b } = await weighting.weights();
    expect(a).toBeGreaterThan(b);
    expect(a + b).toBeCloseTo(2, 4);
    expect(combined(weighting)).toBeGreaterThan(0);
    weighting.dispose();
    optimizer.dispose();
  });
  it('want a loss for every task and leak nothing', () => {
    for (const weighting of [
      new DynamicWeightAverage(tasks),
      new GeometricWeighting(tasks),
      new TaskDifficultyWeighting(tasks),
    ]) {
      const given = losses();
      expectNoLeak(() => weighting.combine(given));
      expect(() => weighting.combine({ a: given.a })).toThrow('expected a loss for each of a, b, got a');
      tf.dispose(given);
    }
  });
});

describeBackends('gradientCosines(losses, variables)', () => {
  it('is 1 for tasks that pull together, −1 apart, 0 at right angles', async () => {
    const x = tf.variable(tf.tensor1d([1, 2]));
    const before = tf.memory().numTensors;
    const along =
      (...direction: number[]) =>
      () =>
        tf.sum(tf.mul(x, tf.tensor1d(direction))) as tf.Scalar;
    const cosines = await gradientCosines([along(1, 0), along(-2, 0), along(0, 3)], [x]);
    expectClose(cosines, [1, -1, 0, -1, 1, 0, 0, 0, 1]);
    expect(tf.memory().numTensors).toBe(before);
    x.dispose();
  });
});
