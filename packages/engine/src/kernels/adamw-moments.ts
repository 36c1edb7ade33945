import type { AdamWSettings, FusedAdamW } from '@cxr-align/fused-ops';
import * as tf from '@tensorflow/tfjs-core';

/** An AdamW whose moments are tensors, one per variable; an engine adds its {@link apply}. */
export abstract class AdamWWithMoments implements FusedAdamW {
  protected readonly first: tf.Tensor[];
  protected readonly second: tf.Tensor[];

  /** @param decay the weight decay of each variable. */
  constructor(
    protected readonly variables: readonly tf.Variable[],
    protected readonly decay: readonly number[],
  ) {
    const zeros = (): tf.Tensor[] => variables.map(({ shape }) => tf.zeros(shape));
    this.first = zeros();
    this.second = zeros();
  }

  abstract apply(gradients: tf.Tensor[], settings: AdamWSettings): tf.Scalar;

  async moments(): Promise<{ first: Float32Array; second: Float32Array }> {
    return { first: await concatenated(this.first), second: await concatenated(this.second) };
  }

  restore(moments: { first: Float32Array; second: Float32Array }): void {
    for (const kind of ['first', 'second'] as const) {
      let start = 0;
      this[kind].forEach((moment, i) => {
        this[kind][i] = tf.tensor(moments[kind].slice(start, start + moment.size), moment.shape);
        start += moment.size;
        moment.dispose();
      });
    }
  }

  dispose(): void {
    tf.dispose([this.first, this.second]);
  }
}

async function concatenated(tensors: readonly tf.Tensor[]): Promise<Float32Array> {
  const flat = new Float32Array(tensors.reduce((sum, { size }) => sum + size, 0));
  let start = 0;
  for (const tensor of tensors) {
    flat.set((await tensor.data()) as Float32Array, start);
    start += tensor.size;
  }
  return flat;
}
