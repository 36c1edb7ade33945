import type { AdamWSettings, StepCapture, UpdatePart } from '@cxr-align/fused-ops';
import * as tf from '@tensorflow/tfjs-core';
import { AdamWWithMoments } from '../adamw-moments.js';
import { Operations } from './operations.js';

/**
 * AdamW of all variables by plain operations that are captured as one TensorFlow function: for devices, where a call from JavaScript
 * costs more than its arithmetic, and for XLA.
 */
export class CapturedAdamW extends AdamWWithMoments {
  private multipliers = '';
  /** Counts the changes of the learning rate multipliers, which are constants of the function. */
  private captureVersion = 0;

  /** @param capture captures the update; it is disposed with this. Without it the update is computed operation by operation. */
  constructor(
    variables: readonly tf.Variable[],
    decay: readonly number[],
    private readonly capture?: StepCapture,
  ) {
    super(variables, decay);
  }

  apply(gradients: tf.Tensor[], settings: AdamWSettings): tf.Scalar {
    const { step, learningRateMultipliers } = settings;
    const multipliers = learningRateMultipliers?.join() ?? '';
    if (multipliers !== this.multipliers) this.captureVersion++;
    this.multipliers = multipliers;
    const { capture, captureVersion } = this;
    const part = this.part(settings);
    const compute = (): tf.NamedTensorMap => part.compute(gradients);
    const request = { inputs: [...part.inputs, ...gradients], step, captureVersion };
    const results = capture ? capture.run(request, compute) : compute();
    part.keep(results);
    tf.dispose(gradients);
    return results.norm as tf.Scalar;
  }

  part(
    settings: AdamWSettings,
  ): UpdatePart & { compute(gradients: readonly tf.Tensor[], loss?: tf.Scalar): tf.NamedTensorMap } {
    const { step, learningRate, beta1, beta2 } = settings;
    const numbers = [learningRate, 1 / (1 - beta1 ** step), 1 / Math.sqrt(1 - beta2 ** step)].map((n) => tf.scalar(n));
    return {
      inputs: [...numbers, ...this.first, ...this.second],
      compute: (gradients, loss) => tf.tidy(() => this.update({ gradients, loss }, numbers, settings)),
      keep: (results) => {
        tf.dispose([numbers, this.first, this.second]);
        this.variables.forEach((_, i) => {
          this.first[i] = results[`first/${i}`];
          this.second[i] = results[`second/${i}`];
        });
      },
    };
  }

  private update(
    { gradients, loss }: { gradients: readonly tf.Tensor[]; loss?: tf.Scalar },
    numbers: readonly tf.Scalar[],
    settings: AdamWSettings,
  ): tf.NamedTensorMap {
    const { beta1, beta2, eps, maxGradientNorm, learningRateMultipliers } = settings;
    const [rate, correction1, correction2] = numbers;
    const ops = new Operations();
    const ofGradients = tf.sqrt(tf.mul(tf.addN(gradients.map((gradient) => ops.one('L2Loss', [gradient]))), 2));
    const norm = loss ? tf.where(tf.isFinite(loss), ofGradients, NaN) : ofGradients;
    // Where the norm is not finite, gradients are taken for 0, moments do not decay, and the rate is 0: nothing changes.
    const isTaken = tf.lessEqual(norm, largestFloat32);
    const clip =
      maxGradientNorm === undefined
        ? tf.scalar(1)
        : tf.minimum(1, tf.div(maxGradientNorm, tf.add(tf.where(isTaken, norm, 0), 1e-6)));
    const results: tf.NamedTensorMap = { norm };
    const [new1, new2, epsilon] = [1 - beta1, 1 - beta2, eps].map((n) => tf.scalar(n));
    const [old1, old2] = [beta1, beta2].map((beta) => tf.where(isTaken, beta, 1));
    const takenRate = tf.where(isTaken, rate, 0);
    const rates = eachOnce(learningRateMultipliers ?? this.variables.map(() => 1), (factor) =>
      tf.mul(takenRate, factor),
    );
    const decays = eachOnce(this.decay, (decay) => tf.scalar(decay));
    this.variables.forEach((variable, i) => {
      [results[`first/${i}`], results[`second/${i}`]] = tf.tidy(() => {
        const gradient = tf.mul(tf.where(isTaken, gradients[i], 0), clip);
        const first = tf.add(tf.mul(this.first[i], old1), tf.mul(gradient, new1));
        const second = tf.add(tf.mul(this.second[i], old2), tf.mul(tf.square(gradient), new2));
        const move = tf.div(tf.mul(first, correction1), tf.add(tf.mul(tf.sqrt(second), correction2), epsilon));
        const decayed = this.decay[i] === 0 ? move : tf.add(move, tf.mul(variable, decays[i]));
        variable.assign(tf.sub(variable, tf.mul(decayed, rates[i])));
        return [first, second];
      });
    });
    return results;
  }

  override dispose(): void {
    this.capture?.dispose();
    super.dispose();
  }
}

/** What is larger has no float32, and NaN is not smaller. */
const largestFloat32 = (2 - 2 ** -23) * 2 ** 127;

/** Makes one tensor for each distinct value. */
function eachOnce(values: readonly number[], make: (value: number) => tf.Tensor): tf.Tensor[] {
  const made = new Map([...new Set(values)].map((value) => [value, make(value)]));
  return values.map((value) => made.get(value)!);
}
