import type { AdamWSettings } from '@cxr-align/fused-ops';
import * as tf from '@tensorflow/tfjs-core';
import { Kernel } from '../../../assembly/call.js';
import { AdamWWithMoments } from '../adamw-moments.js';
import type { KernelThreadPool } from './thread-pool.js';

/** Numbers of a chunk. */
const chunkSize = 2 ** 14;

/**
 * AdamW in one pass over the arrays, in the memory of the wasm backend. Every operation is rounded to float32 in the order of the
 * plain form, so that both give the same bits where gradients are not clipped; the global norm is summed in float64. A variable is
 * updated in place unless another tensor shares its memory, or it may be a filter: XNNPACK keeps packed copies of filters by the
 * identity of their tensor, and would use the old ones.
 */
export class WasmAdamW extends AdamWWithMoments {
  constructor(
    private readonly pool: KernelThreadPool,
    variables: readonly tf.Variable[],
    decay: readonly number[],
  ) {
    super(variables, decay);
  }

  apply(gradients: tf.Tensor[], settings: AdamWSettings): tf.Scalar {
    const { fround } = Math;
    const { step, learningRate, beta1, beta2, eps, maxGradientNorm: most, learningRateMultipliers } = settings;
    const { pool } = this;
    const norm = this.globalNorm(gradients);
    if (!Number.isFinite(fround(norm))) {
      tf.dispose(gradients);
      return tf.scalar(norm);
    }
    const clip = most === undefined ? 1 : Math.min(1, fround(fround(most) / fround(fround(norm) + fround(1e-6))));
    this.variables.forEach((variable, i) => {
      const multiplier = fround(learningRateMultipliers?.[i] ?? 1);
      const isInPlace = variable.rank < 4 && pool.ownsMemory(variable);
      const next = isInPlace ? variable : pool.allocateTensor(variable.shape);
      const chunks = { count: Math.ceil(variable.size / chunkSize), nanoseconds: chunkSize };
      pool.run(Kernel.adamW, chunks, {
        weights: pool.address(variable),
        gradient: pool.address(gradients[i]),
        first: pool.address(this.first[i]),
        second: pool.address(this.second[i]),
        next: pool.address(next),
        size: variable.size,
        step: chunkSize,
        clip,
        beta1,
        oneMinusBeta1: 1 - beta1,
        beta2,
        oneMinusBeta2: 1 - beta2,
        correction2: 1 - beta2 ** step,
        correction1OverRate: (1 - beta1 ** step) / learningRate,
        eps,
        decay: fround(fround(fround(this.decay[i]) * fround(learningRate)) * multiplier),
        multiplier,
      });
      if (isInPlace) return;
      variable.assign(next);
      next.dispose();
    });
    tf.dispose(gradients);
    return tf.scalar(norm);
  }

  private globalNorm(gradients: readonly tf.Tensor[]): number {
    const { pool } = this;
    const counts = gradients.map(({ size }) => Math.ceil(size / chunkSize));
    const all = counts.reduce((sum, count) => sum + count, 0);
    const sums = pool.shared(8 * all);
    let begin = 0;
    gradients.forEach((gradient, i) => {
      pool.run(
        Kernel.squares,
        { count: counts[i], nanoseconds: 0.2 * chunkSize },
        { gradient: pool.address(gradient), size: gradient.size, sums: sums + 8 * begin, step: chunkSize },
      );
      begin += counts[i];
    });
    return Math.sqrt(pool.doubles(sums, all).reduce((sum, part) => sum + part, 0));
  }
}
