import { fusedOps, type StepCapture } from '@cxr-align/fused-ops';
import { jest } from '@jest/globals';
import * as tf from '@tensorflow/tfjs-core';
import { held, inputOf, withExecuteOp, type Binding } from './capture-helpers.js';
import { describeTensorflow } from './describe-tensorflow.js';

/** A small training step with dropout, a softmax, a reshape, a running mean and a kept tensor; its gradients and the loss. */
class Computation {
  readonly weights = tf.variable(tf.reshape(tf.linspace(-1, 1, 12), [4, 3]) as tf.Tensor2D);
  readonly mean = tf.variable(tf.zeros([3]));
  readonly kept = tf.linspace(0, 1, 3);
  /** Constants of JavaScript: a factor, and an axis. */
  factor = 2;
  axis = 0;
  calls = 0;

  on(x: tf.Tensor2D, step: number): tf.NamedTensorMap {
    this.calls++;
    return tf.tidy(() => {
      const mask = { rate: 0.5, words: Int32Array.of(7, 9, step, 0) };
      const { value, grads } = tf.variableGrads(() => {
        const product = tf.matMul(x, this.weights);
        const ops = fusedOps();
        const dropped = tf.mul(
          product,
          ops.dropoutMask?.(product.shape, mask) ?? ops.dropout!(tf.onesLike(product), mask),
        );
        const scores = tf.softmax(tf.mul(tf.add(dropped, this.kept), tf.scalar(this.factor)));
        return tf.sum(tf.square(tf.reshape(scores, [-1]))) as tf.Scalar;
      }, [this.weights]);
      this.mean.assign(tf.add(tf.mul(this.mean, 0.9), tf.mul(tf.mean(tf.matMul(x, this.weights), 0), 0.1)));
      return { loss: value, 'gradients/weights': grads[this.weights.name], sums: tf.sum(x, this.axis) };
    });
  }

  dispose(): void {
    tf.dispose([this.weights, this.mean, this.kept]);
  }
}

/** Changes what compiled functions do while `work` runs. */
function withCompiled<T>(
  change: (run: () => { id: number }[], binding: Binding) => { id: number }[],
  work: () => T,
): T {
  return withExecuteOp(
    (binding) =>
      (name, attributes, ...more) => {
        const run = (): { id: number }[] => binding.executeOp(name, attributes, ...more);
        return attributes.some((one) => one.name === '_XlaMustCompile') ? change(run, binding) : run();
      },
    work,
  );
}

describeTensorflow('CompiledStepCapture', () => {
  let plain: Computation;
  let compiled: Computation;
  let capture: StepCapture;

  beforeEach(() => {
    [plain, compiled, capture] = [new Computation(), new Computation(), fusedOps().stepCapture!('xla')];
  });
  afterEach(() => [plain, compiled, capture].forEach((one) => one.dispose()));

  /** The values of results, and the running mean after them; disposes the results. */
  const valuesOf = (results: tf.NamedTensorMap, { mean }: Computation): number[] => {
    const values = [...Object.values(results), mean].flatMap((tensor) => [...tensor.dataSync()]);
    tf.dispose(results);
    return values;
  };
  /** A step of `compiled`. @returns its values, bit for bit, and how often JavaScript computed it. */
  const stepOf = (number: number, { captureVersion, rows = 5 }: { captureVersion?: number; rows?: number } = {}) => {
    const x = inputOf(number, rows);
    const calls = compiled.calls;
    const results = capture.run({ inputs: [x], step: number, captureVersion }, (step) => compiled.on(x, step));
    const values = valuesOf(results, compiled);
    x.dispose();
    return { values, calls: compiled.calls - calls };
  };
  /** The same step computed operation by operation. */
  const expectedOf = (number: number, rows = 5): number[] => {
    const x = inputOf(number, rows);
    const values = valuesOf(plain.on(x, number), plain);
    x.dispose();
    return values;
  };
  /** Runs a step both ways, expects results that are close, and tells how often JavaScript computed it. */
  const step = (number: number, options: { captureVersion?: number; rows?: number } = {}): number => {
    const { values, calls } = stepOf(number, options);
    expectedOf(number, options.rows).forEach((value, i) => expect(values[i]).toBeCloseTo(value, 5));
    return calls;
  };

  it('gives the results of the computation, verifies three runs and then leaves JavaScript out', () => {
    expect([3, 4, 5, 6, 7, 9, 200].map((number) => step(number))).toEqual([2, 1, 1, 0, 0, 0, 0]);
    const report = capture.report();
    expect(report).toMatchObject({ mode: 'xla', captured: 7, opByOp: 0, checked: 3, possiblyStale: 0 });
    expect(report.compiled).toMatchObject({ functions: 1 });
    expect(report.compiled!.largestDifference).toBeLessThan(1e-5);
    expect(report.compiled!.rejected).toBeUndefined();
  });
  it('has the same bits where it starts in the middle, as a resumed run does', () => {
    const whole = [0, 1, 2, 3, 4, 5, 6].map((number) => stepOf(number).values.slice(0, -3));
    const resumed = new Computation();
    const second = fusedOps().stepCapture!('xla');
    const after = [4, 5, 6].map((number) => {
      const x = inputOf(number);
      const results = second.run({ inputs: [x], step: number }, (at) => resumed.on(x, at));
      x.dispose();
      return valuesOf(results, resumed).slice(0, -3);
    });
    expect(after).toEqual(whole.slice(4));
    [resumed, second].forEach((one) => one.dispose());
  });
  it('compiles a function for each set of shapes', () => {
    const calls = [0, 1, 2, 3, 4, 5, 6, 7].map((number) => step(number, { rows: 5 + (number % 2) }));
    expect(calls).toEqual([2, 2, 1, 1, 1, 1, 0, 0]);
    expect(capture.report().compiled!.functions).toBe(2);
  });
  it('takes other constants of a new captureVersion without compiling, and compiles another axis', () => {
    for (const number of [0, 1, 2, 3]) step(number);
    plain.factor = compiled.factor = 5;
    expect([4, 5].map((number) => step(number, { captureVersion: 1 }))).toEqual([1, 0]);
    expect(capture.report().compiled!.functions).toBe(1);
    plain.axis = compiled.axis = 1;
    expect([6, 7, 8, 9].map((number) => step(number, { captureVersion: 2 }))).toEqual([2, 1, 1, 0]);
    expect(capture.report().compiled!.functions).toBe(2);
    expect(capture.report().possiblyStale).toBe(0);
  });
  it('notices a constant that changed without a new captureVersion, and warns', () => {
    const warn = jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    for (let number = 0; number < 10; number++) step(number);
    compiled.factor = 5;
    for (let number = 10; number < 68; number++) stepOf(number);
    expect(capture.report()).toMatchObject({ mode: 'replay', possiblyStale: 64 });
    expect(capture.report().compiled!.rejected).toMatch(/a constant changed from 2 to 5/);
    expect(warn).toHaveBeenCalledTimes(1);
    warn.mockRestore();
  });
  it('is replayed with the same bits where XLA cannot compile', () => {
    const fail = (): never => {
      throw new Error('libdevice is not here');
    };
    withCompiled(fail, () => {
      for (const number of [0, 1, 2, 3, 4, 5]) expect(stepOf(number).values).toEqual(expectedOf(number));
    });
    const report = capture.report();
    expect(report).toMatchObject({ mode: 'replay', captured: 2 });
    expect(report.compiled!.rejected).toMatch(/libdevice is not here/);
  });
  it('is replayed where compiled results differ by more than the tolerance, with the results of the computation', () => {
    // What XLA gives for the gradients has the other sign.
    const negative = (run: () => { id: number }[], binding: Binding): { id: number }[] => {
      const [loss, gradients, ...others] = run();
      const type = { name: 'T', type: binding.TF_ATTR_TYPE, value: binding.TF_FLOAT };
      return [loss, ...binding.executeOp('Neg', [type], [gradients.id], 1), ...others];
    };
    withCompiled(negative, () => {
      for (const number of [0, 1, 2, 3, 4]) expect(stepOf(number).values).toEqual(expectedOf(number));
    });
    expect(capture.report().compiled!.rejected).toMatch(/computes gradients with a relative difference of 2.0e\+0/);
  });
  it('does not call a step verified that has no finite number, and is given up where there never is one', () => {
    const nothing = fusedOps().stepCapture!('xla');
    const x = inputOf(0);
    const run = (number: number): void =>
      tf.dispose(
        nothing.run({ inputs: [x], step: number }, () => tf.tidy(() => ({ sums: tf.mul(tf.sum(x, 0), NaN) }))),
      );
    for (let number = 0; number < 4; number++) run(number);
    expect(nothing.report()).toMatchObject({ mode: 'xla', captured: 4, checked: 0 });
    for (let number = 4; number < 8; number++) run(number);
    expect(nothing.report().compiled!.rejected).toMatch(/sums had no finite number to compare in 7 steps/);
    tf.dispose(x);
    nothing.dispose();
  });
  it('leaves a computation that draws in JavaScript, or reads values, to JavaScript', () => {
    const x = inputOf(0);
    for (let number = 0; number < 3; number++)
      tf.dispose(capture.run({ inputs: [x], step: number, hasDrawn: () => true }, (at) => compiled.on(x, at)));
    expect(capture.report().compiled!.rejected).toMatch(/draws random numbers/);
    const reading = fusedOps().stepCapture!('xla');
    const { sum } = reading.run({ inputs: [x], step: 0 }, () =>
      tf.tidy(() => ({ sum: tf.mul(x, tf.sum(x).dataSync()[0]) })),
    );
    sum.dispose();
    expect(reading.report().compiled!.rejected).toMatch(/read values after Sum/);
    reading.dispose();
    x.dispose();
  });
  it('throws what the computation throws, and leaves variables and tensors as they were', () => {
    const x = inputOf(0);
    const tensors = tf.memory().numTensors;
    const fail = (): tf.NamedTensorMap => {
      throw new Error('of its own');
    };
    expect(() => capture.run({ inputs: [x], step: 0 }, fail)).toThrow('of its own');
    expect(tf.memory().numTensors).toBe(tensors);
    x.dispose();
    expect(step(0)).toBe(2);
  });
  it('leaks no tensor', () => {
    for (let number = 0; number < 4; number++) step(number);
    capture.dispose();
    const [tensors, ofTensorflow] = [tf.memory().numTensors, held()];
    for (let number = 4; number < 12; number++) step(number, { captureVersion: number >> 2 });
    capture.dispose();
    expect([tf.memory().numTensors, held()]).toEqual([tensors, ofTensorflow]);
  });
});
