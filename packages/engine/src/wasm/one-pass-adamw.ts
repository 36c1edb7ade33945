import type { AdamWSettings, FusedAdamW } from '@cxr-align/fast-forms';
import * as tf from '@tensorflow/tfjs-core';
import { wasmBackend } from './heap.js';

/**
 * AdamW in one pass over the arrays, in the heap of the wasm backend. Every operation is rounded to float32 in the order of the
 * plain form, so that both give the same bits; the moments are updated in place, outside of the heap, which is small. Weights get
 * new memory: XNNPACK keeps packed copies of a product's matrix and of filters by the identity of their tensor, and would go on
 * with the old ones.
 */
export class OnePassAdamW implements FusedAdamW {
  private readonly first: Float32Array[];
  private readonly second: Float32Array[];

  constructor(
    private readonly variables: readonly tf.Variable[],
    private readonly decay: readonly number[],
  ) {
    const zeros = (): Float32Array[] => variables.map(({ size }) => new Float32Array(size));
    this.first = zeros();
    this.second = zeros();
  }

  apply(gradients: tf.Tensor[], settings: AdamWSettings): tf.Scalar {
    const { fround } = Math;
    const norm = jointLength(gradients);
    const { maxGradientNorm: most } = settings;
    const shrink = most === undefined ? 1 : Math.min(1, fround(fround(most) / fround(norm + fround(1e-6))));
    this.variables.forEach((variable, i) => {
      const { shape, dtype } = variable;
      const next = tf.engine().makeTensorFromTensorInfo(wasmBackend().makeOutput(shape, dtype));
      const factor = fround(settings.factors?.[i] ?? 1);
      const rate = fround(fround(fround(this.decay[i]) * fround(settings.learningRate)) * factor);
      const arrays = { weights: floats(variable), gradient: floats(gradients[i]), next: floats(next) };
      const moments = { first: this.first[i], second: this.second[i] };
      updateArray({ ...arrays, ...moments }, { ...settings, shrink, rate, factor });
      variable.assign(next);
      next.dispose();
    });
    tf.dispose(gradients);
    return tf.scalar(norm);
  }

  async moments(): Promise<{ first: Float32Array; second: Float32Array }> {
    return { first: joined(this.first), second: joined(this.second) };
  }

  restore(moments: { first: Float32Array; second: Float32Array }): void {
    for (const kind of ['first', 'second'] as const) {
      let start = 0;
      for (const own of this[kind]) {
        own.set(moments[kind].subarray(start, start + own.length));
        start += own.length;
      }
    }
  }

  dispose(): void {
    this.first.length = 0;
    this.second.length = 0;
  }
}

/** One array's step. `shrink` scales the gradient; `rate` is the learning rate times the decay and the factor. */
function updateArray(
  {
    weights,
    gradient,
    next,
    first,
    second,
  }: Record<'weights' | 'gradient' | 'next' | 'first' | 'second', Float32Array>,
  {
    step,
    learningRate,
    beta1,
    beta2,
    eps,
    shrink,
    rate,
    factor,
  }: Omit<AdamWSettings, 'maxGradientNorm' | 'factors'> & { shrink: number; rate: number; factor: number },
): void {
  const { fround, sqrt } = Math;
  const [keep1, take1] = [fround(beta1), fround(1 - beta1)];
  const [keep2, take2] = [fround(beta2), fround(1 - beta2)];
  const correction = fround(1 - beta2 ** step);
  const slowness = fround((1 - beta1 ** step) / learningRate);
  const least = fround(eps);
  for (let i = 0; i < weights.length; i++) {
    const g = fround(gradient[i] * shrink);
    const m = fround(fround(first[i] * keep1) + fround(g * take1));
    const v = fround(fround(second[i] * keep2) + fround(fround(g * g) * take2));
    first[i] = m;
    second[i] = v;
    const root = fround(fround(sqrt(fround(v / correction))) + least);
    const move = fround(fround(m / fround(root * slowness)) * factor);
    const w = weights[i];
    next[i] = fround(fround(w - fround(w * rate)) - move);
  }
}

/** The length of all gradients together, summed in float32 one after the other as the backend does. */
function jointLength(gradients: readonly tf.Tensor[]): number {
  const { fround } = Math;
  let sum = fround(0);
  for (const gradient of gradients) {
    const values = floats(gradient);
    for (let i = 0; i < values.length; i++) sum = fround(sum + fround(values[i] * values[i]));
  }
  return fround(Math.sqrt(sum));
}

function floats({ dataId, shape, dtype }: tf.Tensor): Float32Array {
  return wasmBackend().typedArrayFromHeap({ dataId, shape, dtype }) as Float32Array;
}

function joined(arrays: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(arrays.reduce((sum, { length }) => sum + length, 0));
  arrays.reduce((start, part) => (all.set(part, start), start + part.length), 0);
  return all;
}
