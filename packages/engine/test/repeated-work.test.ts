import * as tf from '@tensorflow/tfjs-core';
import { startEngine } from '../src/index.js';
import { kernelForms } from '../src/tensorflow/kernels.js';
import { TensorflowRepeatedWork } from '../src/tensorflow/repeated-work.js';

/** TensorFlow may not be set up: this runs where every other test of native does. */
const isOnNative = process.env.TEST_BACKENDS?.includes('native');
const itOnNative = isOnNative ? it : it.skip;

/** Work on x [rows, 4]: a product, dropout of a step, a running mean that is assigned to, and what JavaScript makes. */
class Work {
  readonly weights = tf.variable(tf.reshape(tf.linspace(-1, 1, 12), [4, 3]) as tf.Tensor2D);
  readonly mean = tf.variable(tf.zeros([3]));
  readonly kept = tf.linspace(0, 1, 3);
  factor = 2;
  calls = 0;

  on(x: tf.Tensor2D, step: number): tf.NamedTensorMap {
    this.calls++;
    return tf.tidy(() => {
      const product = tf.matMul(x, this.weights);
      const dropped = kernelForms.dropout!(product, { rate: 0.5, words: Int32Array.of(7, 9, step, 0) });
      const mean = tf.mean(dropped, 0) as tf.Tensor1D;
      this.mean.assign(tf.add(tf.mul(this.mean, 0.9), tf.mul(mean, 0.1)));
      const value = tf.softmax(tf.mul(tf.add(dropped, this.kept), tf.scalar(this.factor)));
      return { value, 'a/mean': mean, kept: tf.clone(this.kept), wide: tf.expandDims(mean, -1) };
    });
  }

  dispose(): void {
    tf.dispose([this.weights, this.mean, this.kept]);
  }
}

const inputOf = (step: number, rows = 5): tf.Tensor2D =>
  tf.tensor2d(
    Float32Array.from({ length: rows * 4 }, (_, i) => Math.sin(i + step)),
    [rows, 4],
  );

/** What tensors hold, and the running mean after it; disposes them. */
function taken(results: tf.NamedTensorMap, work: Work): Record<string, number[]> {
  const values = Object.fromEntries(Object.entries(results).map(([name, tensor]) => [name, [...tensor.dataSync()]]));
  tf.dispose(results);
  return { ...values, running: [...work.mean.dataSync()] };
}

/** How many tensors TensorFlow holds. */
const held = (): number =>
  (tf.backend() as unknown as { binding: { getNumOfTensors: () => number } }).binding.getNumOfTensors();

describe('TensorflowRepeatedWork', () => {
  let plain: Work;
  let work: Work;
  let repeated: TensorflowRepeatedWork;

  beforeEach(async () => {
    if (!isOnNative) return;
    await startEngine('native');
    [plain, work, repeated] = [new Work(), new Work(), new TensorflowRepeatedWork()];
  });
  afterEach(() => {
    if (isOnNative) [plain, work, repeated].forEach((one) => one.dispose());
  });

  /** A step of both, on the same. @returns whether JavaScript did the work. */
  const step = (number: number, { round = 0, rows = 5 } = {}): boolean => {
    const x = inputOf(number, rows);
    const calls = work.calls;
    const results = repeated.run({ inputs: [x], step: number, round }, () => work.on(x, number));
    const done = work.calls > calls;
    expect(taken(results, work)).toEqual(taken(plain.on(x, number), plain));
    x.dispose();
    return done;
  };

  itOnNative('gives what the work gives, bit for bit, without doing it from the fourth time on', () => {
    expect([3, 4, 5, 6, 7, 9, 200].map((number) => step(number))).toEqual([
      true,
      true,
      true,
      false,
      false,
      false,
      false,
    ]);
    expect(repeated.reason).toBeUndefined();
  });
  itOnNative('knows inputs of other shapes by themselves', () => {
    const done = [0, 1, 2, 3, 4, 5, 6, 7].map((number) => step(number, { rows: 5 + (number % 2) }));
    expect(done).toEqual([true, true, true, true, true, true, false, false]);
  });
  itOnNative('does work as it is whose shapes hardly come again, and on another engine', async () => {
    for (let rows = 1; rows <= 16; rows++) step(rows, { rows });
    const shapes = held();
    for (let number = 0; number < 5; number++) expect(step(number, { rows: 17 })).toBe(true);
    expect(held()).toBe(shapes);
    expect([20, 21, 22].map((number) => step(number, { rows: 5 }))).toEqual([true, true, false]);
    const { sum } = await startEngine('cpu').then(() =>
      tf.tidy(() => repeated.run({ inputs: [], step: 0, round: 0 }, () => ({ sum: tf.sum(tf.ones([4])) }))),
    );
    expect(sum.dataSync()[0]).toBe(4);
    sum.dispose();
    await startEngine('native');
  });
  itOnNative('sees in a new round what has become other, constants and operations', () => {
    for (const number of [0, 1, 2, 3]) step(number);
    plain.factor = work.factor = 5;
    expect([4, 5, 6].map((number) => step(number, { round: 1 }))).toEqual([true, false, false]);
    const on = Work.prototype.on;
    for (const one of [plain, work])
      one.on = function (x, number) {
        const { value, ...others } = on.call(this, x, number);
        const other = tf.neg(value);
        value.dispose();
        return { value: other, ...others };
      };
    expect([7, 8, 9, 10].map((number) => step(number, { round: 2 }))).toEqual([true, true, true, false]);
  });
  itOnNative('does work that draws numbers of its own, or looks at values, as it is', () => {
    for (const one of [plain, work]) {
      const on = Work.prototype.on;
      one.on = function (x, number) {
        this.factor = Math.cos(number);
        return on.call(this, x, number);
      };
    }
    for (let number = 0; number < 12; number++) expect(step(number)).toBe(true);
    expect(repeated.reason).toMatch(/a number that does not count the steps/);
    const looking = new TensorflowRepeatedWork();
    const x = inputOf(0);
    for (let number = 0; number < 5; number++) {
      const { sum } = looking.run({ inputs: [x], step: number, round: 0 }, () =>
        tf.tidy(() => ({ sum: tf.mul(x, tf.sum(x).dataSync()[0]) })),
      );
      sum.dispose();
    }
    expect(looking.reason).toMatch(/looked at values after Sum/);
    looking.dispose();
    x.dispose();
  });
  itOnNative('does work as it is that is not what was recorded', () => {
    for (const one of [plain, work]) {
      const on = Work.prototype.on;
      one.on = function (x, number) {
        const results = on.call(this, x, number);
        if (number === 2) tf.tidy(() => this.mean.assign(tf.neg(this.mean)));
        return results;
      };
    }
    for (let number = 0; number < 6; number++) expect(step(number)).toBe(true);
    expect(repeated.reason).toMatch(/other bits/);
  });
  itOnNative('does not take an input for a variable that it shares its memory with', () => {
    const variable = tf.variable(tf.tensor1d([1, 2]));
    const values: number[][] = [];
    for (let number = 0; number < 9; number++) {
      // For a while the input is a clone of the variable.
      const input = number < 4 ? tf.clone(variable) : tf.tensor1d([number, 0]);
      const run = (): tf.NamedTensorMap => tf.tidy(() => ({ both: tf.add(tf.mul(input, 10), variable) }));
      const { both } = repeated.run({ inputs: [input], step: number, round: 0 }, run);
      values.push([...both.dataSync()]);
      tf.dispose([input, both]);
    }
    expect(values).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8].map((n) => (n < 4 ? [11, 22] : [10 * n + 1, 2])));
    expect(repeated.reason).toBeUndefined();
    variable.dispose();
  });
  itOnNative('goes back to the work where a tensor that it took for kept is gone', () => {
    for (const number of [0, 1, 2, 3]) step(number);
    for (const one of [plain, work]) {
      one.kept.dispose();
      (one as { kept: tf.Tensor1D }).kept = tf.linspace(3, 5, 3);
    }
    expect([4, 5].map((number) => step(number))).toEqual([true, true]);
    expect(repeated.reason).toMatch(/not referenced/);
  });
  itOnNative('keeps no tensor when it is done', () => {
    for (let number = 0; number < 4; number++) step(number);
    repeated.dispose();
    const [tensors, ofTensorflow] = [tf.memory().numTensors, held()];
    for (let number = 4; number < 12; number++) step(number, { round: number >> 2 });
    expect(tf.memory().numTensors).toBe(tensors);
    const between = held();
    for (let number = 12; number < 16; number++) step(number, { round: 2 });
    expect(held()).toBe(between);
    expect(between).toBeGreaterThan(ofTensorflow);
    repeated.dispose();
    expect(held()).toBe(ofTensorflow);
  });
});

describe('the softmax of our own', () => {
  itOnNative('is that of the cpu engine, also where there is nothing finite', async () => {
    const values = [
      [1, 2, 3, -1e4],
      [0, -Infinity, 88, 87.5],
      [NaN, 1, 2, 3],
      [Infinity, 1, 2, 3],
      [-1000, -1000, -1001, -1087],
    ];
    const wide = Float32Array.from({ length: 300 }, (_, i) => 20 * Math.sin(i));
    const computed = (): number[][] =>
      tf.tidy(() =>
        [tf.softmax(tf.tensor2d(values)), tf.softmax(tf.tensor2d(wide, [3, 100]))].map((y) => [...y.dataSync()]),
      );
    await startEngine('cpu');
    const expected = computed();
    await startEngine('native');
    computed().forEach((numbers, i) =>
      numbers.forEach((value, j) => {
        if (Number.isNaN(expected[i][j])) expect(value).toBeNaN();
        else expect(Math.abs(value - expected[i][j])).toBeLessThanOrEqual(1e-6 * expected[i][j] + 1e-30);
      }),
    );
  });
});
