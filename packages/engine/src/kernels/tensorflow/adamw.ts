import type { AdamWSettings } from '@cxr-align/fused-ops';
import * as tf from '@tensorflow/tfjs-core';
import { AdamWWithMoments } from '../adamw-moments.js';
import { runNativeOp } from './native-ops.js';

/**
 * AdamW of all variables in one call of our own kernel (`native/adamw.cc`), in place: one pass over the gradients for their global
 * norm and one for the update. A clone of a variable keeps its values; a tensor that was made by reshaping a variable, and is kept
 * over a step, changes with it.
 */
export class NativeAdamW extends AdamWWithMoments {
  private readonly decays: tf.Tensor1D;
  /** The data of each variable after the last step; other data means that someone assigned to it since. */
  private readonly ownData: (object | undefined)[];

  constructor(variables: readonly tf.Variable[], decay: readonly number[]) {
    super(variables, decay);
    this.decays = tf.tensor1d([...decay]);
    this.ownData = variables.map(() => undefined);
  }

  apply(gradients: tf.Tensor[], settings: AdamWSettings): tf.Scalar {
    const { step, learningRate, beta1, beta2, eps, maxGradientNorm = 0, learningRateMultipliers } = settings;
    this.variables.forEach((variable, i) => (this.ownData[i] = withOwnMemory(variable, this.ownData[i])));
    const norm = tf.tidy(() => {
      const corrections = [1 / (1 - beta1 ** step), 1 / Math.sqrt(1 - beta2 ** step)];
      const numbers = tf.tensor1d([maxGradientNorm, beta1, beta2, eps, ...corrections]);
      const rates = tf.tensor1d(this.variables.map((_, i) => learningRate * (learningRateMultipliers?.[i] ?? 1)));
      const { first, second, decays } = this;
      const tensors = this.variables.flatMap((variable, i) => [variable, first[i], second[i], gradients[i]]);
      return runNativeOp('CxrAdamW', { numbers, rates, decays, tensors }, { count: tensors.length }).norm as tf.Scalar;
    });
    tf.dispose(gradients);
    return norm;
  }

  override dispose(): void {
    this.decays.dispose();
    super.dispose();
  }
}

/**
 * Gives a variable memory of its own before it is written to: a clone may share it, or the array that the variable was made of,
 * which TensorFlow uses without copying it.
 *
 * @returns the data of the variable from now on.
 */
function withOwnMemory(variable: tf.Variable, ownData: object | undefined): object {
  const isShared = (tf.backend() as tf.KernelBackend).refCount(variable.dataId) >= 2;
  if (isShared || variable.dataId !== ownData) {
    const copy = tf.mul(variable, 1);
    variable.assign(copy);
    copy.dispose();
  }
  return variable.dataId;
}
