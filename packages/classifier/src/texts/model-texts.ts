import type { StoredTensor } from '@cxr-align/files';
import type { ForwardContext } from '@cxr-align/nn';
import * as tf from '@tensorflow/tfjs-core';
import type { FrozenTexts } from './frozen-text-arrays.js';

/** Frozen texts of some labels as tensors. */
export class ModelTexts {
  /** float32 [kinds, labels, dim]. */
  readonly prompts: tf.Tensor3D;
  /** float32 [sources, kinds, labels, dim]. */
  readonly sources?: tf.Tensor4D;
  readonly tokens?: { tokens: tf.Tensor4D; mask: tf.Tensor3D };
  private readonly bank?: { values: tf.Tensor2D; rows: readonly number[][] };

  /** @param count of labels that are taken, from the first on. Default all. */
  constructor(texts: FrozenTexts, count = texts.prompts.shape[1]) {
    const { prompts, sources, tokens, bank } = texts;
    this.prompts = tensorOf(prompts, 1, count);
    if (sources) this.sources = tensorOf(sources, 2, count);
    if (tokens) this.tokens = { tokens: tensorOf(tokens.values, 1, count), mask: tensorOf(tokens.mask, 1, count) };
    if (bank) {
      const labels = prompts.shape[1];
      const taken = bank.rows.filter((_, i) => i % labels < count);
      this.bank = { values: tf.tensor2d(bank.values.data, bank.values.shape as [number, number]), rows: taken };
    }
  }

  get dim(): number {
    return this.prompts.shape[2];
  }

  /** One prompt of each label and kind, drawn where there is a bank and the pass trains; else the mean of all. */
  chosen(context: ForwardContext): tf.Tensor3D {
    const random = this.bank && context.random('prompts');
    if (!this.bank || !random) return this.prompts;
    const rows = this.bank.rows.map((choices) => choices[random.integer(choices.length)]);
    return tf.reshape(tf.gather(this.bank.values, tf.tensor1d(rows, 'int32')), this.prompts.shape);
  }

  dispose(): void {
    tf.dispose([this.prompts, this.sources, this.tokens, this.bank?.values] as tf.TensorContainer);
  }
}

/** A stored array with the first `count` of an axis. */
function tensorOf<T extends tf.Tensor>({ shape, data }: StoredTensor, axis: number, count: number): T {
  return tf.tidy(() => {
    const all = tf.tensor(Float32Array.from(data), shape);
    if (shape[axis] === count) return all as T;
    const size = shape.map((extent, i) => (i === axis ? count : extent));
    return tf.slice(
      all,
      shape.map(() => 0),
      size,
    ) as T;
  });
}
