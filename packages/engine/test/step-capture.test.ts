import { fusedOps } from '@cxr-align/fused-ops';
import * as tf from '@tensorflow/tfjs-core';
import { startEngine } from '../src/index.js';
import { recheckInterval, TensorflowStepCapture } from '../src/kernels/capture/step-capture.js';
import { held, inputOf, withExecuteOp } from './capture-helpers.js';
import { describeTensorflow } from './describe-tensorflow.js';

/** Dropout of a step as nn computes it: by the engine's fused operation, or by a mask that the device generates. */
function dropout(x: tf.Tensor, step: number): tf.Tensor {
  const mask = { rate: 0.5, words: Int32Array.of(7, 9, step, 0) };
  const ops = fusedOps();
  return ops.dropout?.(x, mask) ?? tf.mul(x, ops.dropoutMask!(x.shape, mask));
}

/** A computation on x [rows, 4]: a product, dropout, a running mean that is assigned to, and constants that JavaScript makes. */
class Computation {
  readonly weights = tf.variable(tf.reshape(tf.linspace(-1, 1, 12), [4, 3]) as tf.Tensor2D);
  readonly mean = tf.variable(tf.zeros([3]));
  readonly kept = tf.linspace(0, 1, 3);
  factor = 2;
  calls = 0;

  on(x: tf.Tensor2D, step: number): tf.NamedTensorMap {
    this.calls++;
    return tf.tidy(() => {
      const dropped = dropout(tf.matMul(x, this.weights), step);
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

/** The values of results, and the running mean after them; disposes the results. */
function valuesOf(results: tf.NamedTensorMap, { mean }: Computation): Record<string, number[]> {
  const values = Object.fromEntries(Object.entries(results).map(([name, tensor]) => [name, [...tensor.dataSync()]]));
  tf.dispose(results);
  return { ...values, running: [...mean.dataSync()] };
}

/** Makes operations of the binding fail, while `work` runs, whose name starts with a prefix. */
function failing<T>(prefix: string, work: () => T): T {
  return withExecuteOp(
    (binding) =>
      (name, ...more) => {
        if (name.startsWith(prefix)) throw new Error(`no ${name} today`);
        return binding.executeOp(name, ...more);
      },
    work,
  );
}

describeTensorflow('TensorflowStepCapture', (engine) => {
  let plain: Computation;
  let captured: Computation;
  let capture: TensorflowStepCapture;

  beforeEach(() => {
    [plain, captured, capture] = [new Computation(), new Computation(), new TensorflowStepCapture()];
  });
  afterEach(() => [plain, captured, capture].forEach((one) => one.dispose()));

  /** Runs a step with and without capture and expects the same bits. @returns whether JavaScript computed it. */
  const step = (
    number: number,
    { captureVersion, rows = 5 }: { captureVersion?: number; rows?: number } = {},
  ): boolean => {
    const x = inputOf(number, rows);
    const calls = captured.calls;
    const results = capture.run({ inputs: [x], step: number, captureVersion }, () => captured.on(x, number));
    const computed = captured.calls > calls;
    expect(valuesOf(results, captured)).toEqual(valuesOf(plain.on(x, number), plain));
    x.dispose();
    return computed;
  };
  /** Changes what both compute. */
  const change = (
    on: (this: Computation, original: Computation['on'], x: tf.Tensor2D, step: number) => tf.NamedTensorMap,
  ) => {
    const original = Computation.prototype.on;
    for (const one of [plain, captured])
      one.on = function (x, number) {
        return on.call(this, original.bind(this), x, number);
      };
  };

  it('gives the bits of the computation, without JavaScript from the fourth step on', () => {
    const steps = [3, 4, 5, 6, 7, 9, 200];
    expect(steps.map((number) => step(number))).toEqual([true, true, true, false, false, false, false]);
    expect(capture.report()).toEqual({
      mode: 'replay',
      captured: 4,
      opByOp: 3,
      checked: 1,
      possiblyStale: 0,
      reason: undefined,
    });
  });
  it('captures inputs of other shapes by themselves', () => {
    const computed = [0, 1, 2, 3, 4, 5, 6, 7].map((number) => step(number, { rows: 5 + (number % 2) }));
    expect(computed).toEqual([true, true, true, true, true, true, false, false]);
  });
  it('computes op by op where shapes hardly repeat, and on another engine', async () => {
    for (let rows = 1; rows <= 16; rows++) step(rows, { rows });
    const tensors = held();
    for (let number = 0; number < 5; number++) expect(step(number, { rows: 17 })).toBe(true);
    expect(held()).toBe(tensors);
    expect(capture.report().reason).toMatch(/more than 16 sets of shapes/);
    expect([20, 21, 22].map((number) => step(number, { rows: 5 }))).toEqual([true, true, false]);
    await startEngine('cpu');
    const { sum } = tf.tidy(() => capture.run({ inputs: [], step: 0 }, () => ({ sum: tf.sum(tf.ones([4])) })));
    expect(sum.dataSync()[0]).toBe(4);
    sum.dispose();
    await startEngine(engine);
  });
  it('records a new captureVersion, with other constants and other operations', () => {
    for (const number of [0, 1, 2, 3]) step(number);
    plain.factor = captured.factor = 5;
    expect([4, 5, 6].map((number) => step(number, { captureVersion: 1 }))).toEqual([true, false, false]);
    change((original, x, number) => {
      const { value, ...others } = original(x, number);
      const negative = tf.neg(value);
      value.dispose();
      return { value: negative, ...others };
    });
    expect([7, 8, 9, 10].map((number) => step(number, { captureVersion: 2 }))).toEqual([true, true, true, false]);
    expect(capture.report().possiblyStale).toBe(0);
  });
  it('computes op by op what draws numbers, or reads values', () => {
    change(function (original, x, number) {
      this.factor = Math.cos(number);
      return original(x, number);
    });
    for (let number = 0; number < 12; number++) expect(step(number)).toBe(true);
    expect(capture.report().reason).toMatch(/a constant changed that does not count the steps/);
    const reading = new TensorflowStepCapture();
    const x = inputOf(0);
    for (let number = 0; number < 5; number++) {
      const { sum } = reading.run({ inputs: [x], step: number }, () =>
        tf.tidy(() => ({ sum: tf.mul(x, tf.sum(x).dataSync()[0]) })),
      );
      sum.dispose();
    }
    expect(reading.report().reason).toMatch(/read values after Sum/);
    reading.dispose();
    x.dispose();
  });
  it('rejects a capture that gives other bits than the third step', () => {
    change(function (original, x, number) {
      const results = original(x, number);
      if (number === 2) tf.tidy(() => this.mean.assign(tf.neg(this.mean)));
      return results;
    });
    for (let number = 0; number < 6; number++) expect(step(number)).toBe(true);
    expect(capture.report().reason).toMatch(/other bits/);
  });
  it('does not confuse an input with a variable whose memory it shares', () => {
    const variable = tf.variable(tf.tensor1d([1, 2]));
    const values: number[][] = [];
    for (let number = 0; number < 9; number++) {
      const input = number < 4 ? tf.clone(variable) : tf.tensor1d([number, 0]);
      const compute = (): tf.NamedTensorMap => tf.tidy(() => ({ both: tf.add(tf.mul(input, 10), variable) }));
      const { both } = capture.run({ inputs: [input], step: number }, compute);
      values.push([...both.dataSync()]);
      tf.dispose([input, both]);
    }
    expect(values).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8].map((n) => (n < 4 ? [11, 22] : [10 * n + 1, 2])));
    expect(capture.report().reason).toBeUndefined();
    variable.dispose();
  });
  it('falls back to the computation where a kept tensor is gone', () => {
    for (const number of [0, 1, 2, 3]) step(number);
    for (const one of [plain, captured]) {
      one.kept.dispose();
      (one as { kept: tf.Tensor1D }).kept = tf.linspace(3, 5, 3);
    }
    expect([4, 5].map((number) => step(number))).toEqual([true, true]);
    expect(capture.report().reason).toMatch(/not referenced/);
  });
  it('leaks no tensor', () => {
    for (let number = 0; number < 4; number++) step(number);
    capture.dispose();
    const [tensors, ofTensorflow] = [tf.memory().numTensors, held()];
    for (let number = 4; number < 12; number++) step(number, { captureVersion: number >> 2 });
    expect(tf.memory().numTensors).toBe(tensors);
    const between = held();
    for (let number = 12; number < 16; number++) step(number, { captureVersion: 2 });
    expect(held()).toBe(between);
    expect(between).toBeGreaterThan(ofTensorflow);
    capture.dispose();
    expect(held()).toBe(ofTensorflow);
  });

  describe('with a captured function that fails', () => {
    it.each([
      ['while it is verified', 'cxr_align', 2],
      ['when its results are compared', 'CxrHash', 2],
      ['when it is replayed', 'cxr_align', 5],
    ])('computes the step op by op: %s', (_, operation, failure) => {
      const tensors = tf.memory().numTensors;
      for (let number = 0; number < failure; number++) step(number);
      expect(failing(operation, () => step(failure))).toBe(true);
      for (let number = failure + 1; number < failure + 4; number++) expect(step(number)).toBe(true);
      expect(capture.report().reason).toMatch(/no (cxr_align|CxrHash).* today/);
      expect(tf.memory().numTensors).toBe(tensors);
    });
    it('throws an error of the computation itself, with every tensor released', () => {
      for (const number of [0, 1]) step(number);
      const tensors = tf.memory().numTensors;
      const x = inputOf(2);
      const wrong = (): tf.NamedTensorMap => {
        throw new RangeError('of the computation');
      };
      expect(() => capture.run({ inputs: [x], step: 2 }, wrong)).toThrow('of the computation');
      x.dispose();
      expect(tf.memory().numTensors).toBe(tensors);
      expect([3, 4].map((number) => step(number))).toEqual([true, false]);
    });
  });

  describe('with a constant that changes after capture', () => {
    const warnings: string[] = [];
    const { emitWarning } = process;
    beforeEach(() => {
      warnings.length = 0;
      process.emitWarning = (warning: string | Error) => void warnings.push(String(warning));
    });
    afterEach(() => {
      process.emitWarning = emitWarning;
    });

    it(`notices it within ${recheckInterval} steps without a captureVersion, reports it, and captures no more`, () => {
      const x = inputOf(0);
      const run = (number: number): number[] => {
        const results = capture.run({ inputs: [x], step: number }, () => captured.on(x, number));
        return valuesOf(results, captured).value;
      };
      for (let number = 0; number < 4; number++) run(number);
      captured.factor = 5;
      let noticed = 4;
      for (; capture.report().possiblyStale === 0 && noticed < 200; noticed++) run(noticed);
      expect(noticed - 4).toBeLessThanOrEqual(recheckInterval);
      const { possiblyStale, reason } = capture.report();
      expect(possiblyStale).toBe(recheckInterval);
      expect(reason).toMatch(/a constant changed from 2 to 5, though captureVersion stayed the same: up to 64 steps/);
      expect(warnings.join()).toMatch(/engine\/stepCapture: a constant changed .*; raise captureVersion/);
      const calls = captured.calls;
      for (let number = noticed; number < noticed + 3; number++) run(number);
      expect(captured.calls).toBe(calls + 3);
      x.dispose();
    });
    it('keeps a capture whose constants are the same when it is checked', () => {
      const computed = Array.from({ length: 2 * recheckInterval + 8 }, (_, number) => step(number));
      const expected = computed.map(
        (_, number) => number < 3 || (number - 3) % (recheckInterval + 1) === recheckInterval,
      );
      expect(computed).toEqual(expected);
      expect(capture.report()).toMatchObject({ checked: 3, possiblyStale: 0, reason: undefined });
      expect(warnings).toEqual([]);
    });
  });
});

describeTensorflow('softmax', (engine) => {
  it('is that of the cpu engine, also where there is nothing finite', async () => {
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
    await startEngine(engine);
    computed().forEach((numbers, i) =>
      numbers.forEach((value, j) => {
        if (Number.isNaN(expected[i][j])) expect(value).toBeNaN();
        else expect(Math.abs(value - expected[i][j])).toBeLessThanOrEqual(1e-6 * expected[i][j] + 1e-30);
      }),
    );
  });
});
