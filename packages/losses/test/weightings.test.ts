import { describeBackends, expectClose, expectNoLeak } from '@cxr-align/testkit';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import {
  DynamicWeightAverage,
  FixedWeighting,
  GeometricWeighting,
  gradientCosines,
  GradNormWeighting,
  LearnableWeighting,
  ProjectedWeighting,
  taskGradients,
  RandomWeighting,
  taskDifficultyLoss,
  TaskDifficultyWeighting,
  UncertaintyWeighting,
  type TaskWeighting,
} from '../src/index.js';

const tasks = ['a', 'b'];
const losses = () => ({ a: tf.scalar(2), b: tf.scalar(8) });
const combined = (weighting: TaskWeighting): number => tf.tidy(() => weighting.combine(losses()).dataSync()[0]);

describeBackends('weightings', () => {
  it('taskDifficultyLoss: log-sum-exp stays finite, tends to the largest loss and to equal weights', () => {
    tf.tidy(() => {
      const values = tf.tensor1d([1e4, 3]);
      expectClose(taskDifficultyLoss(values), 1e4);
      const weightsAt = (temperature: number) =>
        tf.grad((x) => taskDifficultyLoss(x as tf.Tensor1D, { temperature }))(tf.tensor1d([2, 3]));
      expectClose(weightsAt(1e6), [0.5, 0.5], 1e-5);
      expectClose(weightsAt(0.01), [0, 1]);
      expect(() => taskDifficultyLoss(values, { temperature: 0 })).toThrow(
        'expected temperature to be a number in (0, ∞), got 0',
      );
    });
  });
  it.each(['exp', 'logsumexp'] as const)(
    'TaskDifficultyWeighting reports the weights that its gradient has (%s)',
    async (form) => {
      const weighting = new TaskDifficultyWeighting(tasks, { temperature: 2, form });
      weighting.observe({ a: 1, b: 2 });
      const gradient = tf.tidy(() =>
        tf
          .grad((x) => taskDifficultyLoss(x as tf.Tensor1D, { temperature: 2, form }))(tf.tensor1d([1, 2]))
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
    const weighting = new RandomWeighting(tasks, { normal: () => Math.sin(++draw) });
    const first = combined(weighting);
    const { a, b } = await weighting.weights();
    expect(a + b).toBeCloseTo(2, 10);
    expectClose(first, 2 * a + 8 * b);
    expect(combined(weighting)).not.toBe(first);
  });
  it('GeometricWeighting is the geometric mean, and reports the weights that its gradient has', async () => {
    const weighting = new GeometricWeighting(tasks);
    expectClose(combined(weighting), 4);
    weighting.observe({ a: 2, b: 8 });
    const gradient = tf.tidy(() =>
      tf
        .grad((x) => {
          const [a, b] = tf.unstack(x) as tf.Scalar[];
          return weighting.combine({ a, b });
        })(tf.tensor1d([2, 8]))
        .dataSync(),
    );
    expectClose(Object.values(await weighting.weights()), [...gradient], 1e-5);
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

describeBackends('taskGradients(losses, variables) and gradientCosines(gradients)', () => {
  it('are 1 for parallel gradients, −1 for opposite ones, 0 for orthogonal ones', async () => {
    const x = tf.variable(tf.tensor1d([1, 2]));
    const before = tf.memory().numTensors;
    const along =
      (...direction: number[]) =>
      () =>
        tf.sum(tf.mul(x, tf.tensor1d(direction))) as tf.Scalar;
    const gradients = await taskGradients({ a: along(1, 0), b: along(-2, 0), c: along(0, 3) }, [x]);
    expect(gradients.losses).toEqual({ a: 1, b: -2, c: 6 });
    expectClose(gradients.products, [1, -2, 0, -2, 4, 0, 0, 0, 9]);
    expectClose(gradientCosines(gradients), [1, -1, 0, -1, 1, 0, 0, 0, 1]);
    expect(tf.memory().numTensors).toBe(before);
    x.dispose();
  });
  it('give 0 for a task that does not use a variable, and no cosine for one without gradient', async () => {
    const [x, y] = [tf.variable(tf.tensor1d([1, 2])), tf.variable(tf.scalar(3))];
    const gradients = await taskGradients(
      {
        a: () => tf.sum(tf.mul(x, tf.tensor1d([2, 1]))) as tf.Scalar,
        b: () => tf.square(y) as tf.Scalar,
        c: () => tf.mul<tf.Scalar>(y, 0),
      },
      [x, y],
    );
    expectClose(gradients.products, [5, 0, 0, 0, 36, 0, 0, 0, 0]);
    expectClose(gradientCosines(gradients), [1, 0, NaN, 0, 1, NaN, NaN, NaN, NaN]);
    tf.dispose([x, y]);
  });
});

const twoLosses = () => ({ classification: tf.scalar(0.7), graph: tf.scalar(1.2) });

describeBackends('FixedWeighting', () => {
  it('sums the weighted losses', async () => {
    const weighting = new FixedWeighting({ classification: 1, graph: 0.25 });
    tf.tidy(() => expectClose(weighting.combine(twoLosses()), 0.7 + 0.3));
    expect(await weighting.weights()).toEqual({ classification: 1, graph: 0.25 });
    expect(weighting.variables).toEqual([]);
  });
  it('wants a loss for every task, and weights that are not negative', () => {
    const weighting = new FixedWeighting({ classification: 1, graph: 1, orthogonal: 1 });
    tf.tidy(() =>
      expect(() => weighting.combine(twoLosses())).toThrow(
        'expected a loss for each of classification, graph, orthogonal',
      ),
    );
    expect(() => new FixedWeighting({ graph: -1 })).toThrow(
      'expected the weight of graph to be a number in [0, ∞), got -1',
    );
  });
});

describeBackends('UncertaintyWeighting', () => {
  it('starts at the weights 1 and ½ and learns the stationary points log 2L and log L', async () => {
    const weighting = new UncertaintyWeighting({ classification: 'classification', graph: 'regression' });
    tf.tidy(() => expectClose(weighting.combine(twoLosses()), 0.7 + 0.6));
    const optimizer = tf.train.sgd(0.3);
    for (let i = 0; i < 200; i++) {
      tf.tidy(() => void optimizer.minimize(() => weighting.combine(twoLosses()), false, [...weighting.variables]));
    }
    // c exp(−s) at the stationary point is 1 / (2 L) for both kinds.
    const weights = await weighting.weights();
    expectClose(weights.classification, 1 / 1.4, 1e-3);
    expectClose(weights.graph, 1 / 2.4, 1e-3);
    weighting.dispose();
    optimizer.dispose();
  });
  it('leaves no tensor behind', () => {
    expectNoLeak(() => {
      const weighting = new UncertaintyWeighting({ classification: 'classification', graph: 'regression' });
      const given = twoLosses();
      weighting.combine(given).dispose();
      tf.dispose(given);
      weighting.dispose();
    });
  });
});

/** Inner products of plain vectors. */
const productsOf = (vectors: number[][]): number[] =>
  vectors.flatMap((a) => vectors.map((b) => a.reduce((sum, x, i) => sum + x * b[i], 0)));

describe('weightings by gradients', () => {
  it('ProjectedWeighting gives the sum of the projected gradients, as PCGrad computes it vector by vector', async () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(fc.integer({ min: -9, max: 9 }), { minLength: 4, maxLength: 4 }), {
          minLength: 3,
          maxLength: 3,
        }),
        fc.array(fc.double({ min: 0, max: 0.999, noNaN: true }), { minLength: 6, maxLength: 6 }),
        (vectors, draws) => {
          fc.pre(vectors.every((vector) => vector.some((x) => x !== 0)));
          const named = ['a', 'b', 'c'];
          let draw = 0;
          const weighting = new ProjectedWeighting(named, { uniform: () => draws[draw++ % draws.length] });
          weighting.balance({ products: productsOf(vectors), losses: {} });
          const weights = (weighting as unknown as { current: number[] }).current;
          const got = [0, 1, 2, 3].map((k) => vectors.reduce((sum, vector, i) => sum + weights[i] * vector[k], 0));

          draw = 0;
          const expected = [0, 0, 0, 0];
          vectors.forEach((vector, i) => {
            const others = [0, 1, 2].filter((j) => j !== i);
            if (Math.floor(draws[draw++ % draws.length] * 2) === 0) others.reverse();
            let left = [...vector];
            for (const j of others) {
              const inner = left.reduce((sum, x, k) => sum + x * vectors[j][k], 0);
              const square = vectors[j].reduce((sum, x) => sum + x * x, 0);
              if (inner < -1e-9) left = left.map((x, k) => x - (inner / square) * vectors[j][k]);
            }
            left.forEach((x, k) => (expected[k] += x));
          });
          expectClose(got, expected, 1e-6);
        },
      ),
    );
  });
  it('ProjectedWeighting leaves tasks alone that do not conflict', async () => {
    const weighting = new ProjectedWeighting(['a', 'b']);
    weighting.balance({
      products: productsOf([
        [1, 0],
        [1, 1],
      ]),
      losses: {},
    });
    expect(await weighting.weights()).toEqual({ a: 1, b: 1 });
  });
  it('GradNormWeighting raises the task with the short gradient, and the one that trains slowly', async () => {
    const even = new GradNormWeighting(['a', 'b'], { alpha: 0 });
    even.balance({
      products: productsOf([
        [1, 0],
        [0, 3],
      ]),
      losses: { a: 1, b: 1 },
    });
    // Lengths 1 and 3, mean 2: a rises by 0.025 · 1, b falls by 0.025 · 3; then scaled to a sum of 2.
    expectClose(
      Object.values(await even.weights()),
      [1.025, 0.925].map((w) => (2 * w) / 1.95),
    );
    for (let i = 0; i < 400; i++)
      even.balance({
        products: productsOf([
          [1, 0],
          [0, 3],
        ]),
        losses: { a: 1, b: 1 },
      });
    const { a, b } = await even.weights();
    expect(Math.abs(a - 3 * b)).toBeLessThan(0.3); // it keeps oscillating by a step

    const lagging = new GradNormWeighting(['a', 'b']);
    const equal = productsOf([
      [1, 0],
      [0, 1],
    ]);
    lagging.balance({ products: equal, losses: { a: 4, b: 4 } });
    for (let i = 0; i < 5; i++) lagging.balance({ products: equal, losses: { a: 4, b: 1 } });
    const weights = await lagging.weights();
    expect(weights.a).toBeGreaterThan(weights.b);
    expect(weights.a + weights.b).toBeCloseTo(2, 10);
  });
  it.each([
    ['GradNormWeighting', () => new GradNormWeighting(tasks)],
    ['DynamicWeightAverage', () => new DynamicWeightAverage(tasks)],
  ] as const)('%s continues from its stored state', async (_, make) => {
    const feed = (weighting: TaskWeighting, a: number): void => {
      weighting.balance?.({ products: [a, 0, 0, 1], losses: { a, b: 2 } });
      weighting.observe?.({ a, b: 2 });
    };
    const [first, second] = [make(), make()];
    [3, 2].forEach((a) => feed(first, a));
    (second as TaskWeighting).restore!(JSON.parse(JSON.stringify((first as TaskWeighting).state!())));
    expect(await second.weights()).toEqual(await first.weights());
    for (const weighting of [first, second]) feed(weighting, 1.5);
    expect(await second.weights()).toEqual(await first.weights());
  });
});
