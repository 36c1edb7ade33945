import type { AdamWSettings, FusedAdamW } from '@cxr-align/fast-forms';
import * as tf from '@tensorflow/tfjs-core';
import { Kernel } from '../../assembly/call.js';
import type { KernelTeam } from './team.js';

/** A variable, its decay, and its moments. */
interface Slot {
  variable: tf.Variable;
  decay: number;
  first: tf.Tensor;
  second: tf.Tensor;
}

/** Numbers of a piece. */
const pieceSize = 2 ** 14;

/**
 * AdamW in one pass over the arrays, in the heap of the wasm backend. Every operation is rounded to float32 in the order of the
 * plain form, so that both give the same bits where no gradient is scaled down; the joint length is summed in float64. A variable is
 * updated in place unless something else has its memory, or it may be a filter: XNNPACK keeps packed copies of filters by the
 * identity of their tensor, and would go on with the old ones.
 */
export class OnePassAdamW implements FusedAdamW {
  private readonly slots: Slot[];

  constructor(
    private readonly team: KernelTeam,
    variables: readonly tf.Variable[],
    decay: readonly number[],
  ) {
    this.slots = variables.map((variable, i) => ({
      variable,
      decay: decay[i],
      first: tf.zeros(variable.shape),
      second: tf.zeros(variable.shape),
    }));
  }

  apply(gradients: tf.Tensor[], settings: AdamWSettings): tf.Scalar {
    const { fround } = Math;
    const { step, learningRate, beta1, beta2, eps, maxGradientNorm: most, factors } = settings;
    const length = this.jointLength(gradients);
    const shrink = most === undefined ? 1 : Math.min(1, fround(fround(most) / fround(fround(length) + fround(1e-6))));
    const shared = [beta1, 1 - beta1, beta2, 1 - beta2, 1 - beta2 ** step, (1 - beta1 ** step) / learningRate, eps];
    this.slots.forEach(({ variable, decay, first, second }, i) => {
      const factor = fround(factors?.[i] ?? 1);
      const rate = fround(fround(fround(decay) * fround(learningRate)) * factor);
      const isInPlace = variable.rank < 4 && this.team.isAlone(variable);
      const next = isInPlace ? variable : this.team.make(variable.shape);
      const places = [variable, gradients[i], first, second, next].map((tensor) => this.team.place(tensor));
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

  async moments(): Promise<{ first: Float32Array; second: Float32Array }> {
    return {
      first: await joined(this.slots.map(({ first }) => first)),
      second: await joined(this.slots.map(({ second }) => second)),
    };
  }

  restore(moments: { first: Float32Array; second: Float32Array }): void {
    for (const kind of ['first', 'second'] as const) {
      let start = 0;
      for (const slot of this.slots) {
        const { size, shape } = slot.variable;
        slot[kind].dispose();
        slot[kind] = tf.tensor(moments[kind].slice(start, start + size), shape);
        start += size;
      }
    }
  }

  dispose(): void {
    tf.dispose(this.slots.map(({ first, second }) => [first, second]));
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

async function joined(tensors: readonly tf.Tensor[]): Promise<Float32Array> {
  const all = new Float32Array(tensors.reduce((sum, { size }) => sum + size, 0));
  let start = 0;
  for (const tensor of tensors) {
    all.set((await tensor.data()) as Float32Array, start);
    start += tensor.size;
  }
  return all;
}
