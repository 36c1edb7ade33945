import type { AdamWSettings, FusedAdamW } from '@cxr-align/fast-forms';
import * as tf from '@tensorflow/tfjs-core';
import { Kernel } from '../../assembly/call.js';
import { Moments } from '../moments.js';
import type { KernelTeam } from './team.js';

/** Numbers of a piece. */
const pieceSize = 2 ** 14;

/**
 * AdamW in one pass over the arrays, in the heap of the wasm backend. Every operation is rounded to float32 in the order of the
 * plain form, so that both give the same bits where no gradient is scaled down; the joint length is summed in float64. A variable is
 * updated in place unless something else has its memory, or it may be a filter: XNNPACK keeps packed copies of filters by the
 * identity of their tensor, and would go on with the old ones.
 */
export class OnePassAdamW implements FusedAdamW {
  private readonly own: Moments;

  constructor(
    private readonly team: KernelTeam,
    private readonly variables: readonly tf.Variable[],
    private readonly decay: readonly number[],
  ) {
    this.own = new Moments(variables);
  }

  apply(gradients: tf.Tensor[], settings: AdamWSettings): tf.Scalar {
    const { fround } = Math;
    const { step, learningRate, beta1, beta2, eps, maxGradientNorm: most, factors } = settings;
    const length = this.jointLength(gradients);
    const shrink = most === undefined ? 1 : Math.min(1, fround(fround(most) / fround(fround(length) + fround(1e-6))));
    const shared = [beta1, 1 - beta1, beta2, 1 - beta2, 1 - beta2 ** step, (1 - beta1 ** step) / learningRate, eps];
    this.variables.forEach((variable, i) => {
      const factor = fround(factors?.[i] ?? 1);
      const rate = fround(fround(fround(this.decay[i]) * fround(learningRate)) * factor);
      const isInPlace = variable.rank < 4 && this.team.isAlone(variable);
      const next = isInPlace ? variable : this.team.make(variable.shape);
      const places = [variable, gradients[i], this.own.first[i], this.own.second[i], next].map((tensor) =>
        this.team.place(tensor),
      );
      const numbers = [shrink, ...shared, rate, factor].map((number) => ({ number }));
      const pieces = Math.ceil(variable.size / pieceSize);
      this.team.run(Kernel.adamW, pieces, pieceSize, [...places, variable.size, pieceSize, ...numbers]);
      if (isInPlace) return;
      variable.assign(next);
      next.dispose();
    });
    tf.dispose(gradients);
    return tf.scalar(length);
  }

  moments(): Promise<{ first: Float32Array; second: Float32Array }> {
    return this.own.values();
  }

  restore(moments: { first: Float32Array; second: Float32Array }): void {
    this.own.restore(moments);
  }

  dispose(): void {
    this.own.dispose();
  }

  /** The length of all gradients together. */
  private jointLength(gradients: readonly tf.Tensor[]): number {
    const { team } = this;
    const counts = gradients.map(({ size }) => Math.ceil(size / pieceSize));
    const all = counts.reduce((sum, count) => sum + count, 0);
    const sums = team.shared(8 * all);
    let begin = 0;
    gradients.forEach((gradient, i) => {
      const given = [team.place(gradient), gradient.size, sums + 8 * begin, pieceSize];
      team.run(Kernel.squares, counts[i], 0.2 * pieceSize, given);
      begin += counts[i];
    });
    return Math.sqrt(team.doubles(sums, all).reduce((sum, part) => sum + part, 0));
  }
}
