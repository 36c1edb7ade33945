import { InputError } from '@cxr-align/files';
import { OnnxInterpreter, type OnnxModel } from '@cxr-align/onnx';
import * as tf from '@tensorflow/tfjs-core';
import type { CosineGradient, TextGradients } from '../text-encoder.js';

import { feeds, type Pooling } from './token-inputs.js';
import type { TextTokenizer } from './tokenizer.js';

/** The output with the embedding of a text, or with those of its tokens, which are pooled. */
interface EmbeddingOutput {
  name: string;
  pooling?: Pooling;
}

/** A frozen text encoder that runs on TensorFlow.js, where it can be differentiated in the embeddings of its input tokens. */
export class OnnxTextGradients implements TextGradients {
  readonly tokenDim: number;

  private constructor(
    private readonly graph: OnnxInterpreter,
    private readonly model: OnnxModel,
    private readonly tokenizer: TextTokenizer,
    private readonly embedding: EmbeddingOutput,
    /** The name of the input token embeddings in the graph. */
    private readonly lookup: string,
    private readonly table: Float32Array,
    tokens: number,
  ) {
    this.tokenDim = table.length / tokens;
  }

  /** @throws {InputError} if the model has operations without a gradient here, or no embedding table. */
  static async read(
    model: OnnxModel,
    tokenizer: TextTokenizer,
    embedding: EmbeddingOutput,
  ): Promise<OnnxTextGradients> {
    const graph = await OnnxInterpreter.read(model.file);
    const ids = new Set(['input_ids']);
    // Exporters cast and reshape the ids before the lookup.
    for (const { operation, inputs, outputs } of graph.nodes)
      if (['Cast', 'Reshape', 'Identity'].includes(operation) && ids.has(inputs[0])) ids.add(outputs[0]);
    const lookup = graph.nodes.find(({ operation, inputs }) => operation === 'Gather' && ids.has(inputs[1]));
    if (!lookup) {
      graph.dispose();
      throw new InputError(
        'expected an encoder with a table of token embeddings (Gather by input_ids), got none; try another method',
        {
          file: model.file,
        },
      );
    }
    const [table] = graph.run({}, [lookup.inputs[0]]);
    const values = (await table.data()) as Float32Array;
    table.dispose();
    return new OnnxTextGradients(graph, model, tokenizer, embedding, lookup.outputs[0], values, table.shape[0]);
  }

  tokensOf(text: string): number[] {
    return this.tokenizer.encode(text);
  }

  tokenEmbedding(token: number): Float32Array {
    return this.table.subarray(token * this.tokenDim, (token + 1) * this.tokenDim);
  }

  async cosineGradient(text: string, to: Float32Array, dimensions?: readonly number[]): Promise<CosineGradient> {
    const { graph, tokenDim, lookup } = this;
    const tokens = this.tokensOf(text);
    const made = tf.tidy(() => {
      const inputs = Object.fromEntries(
        Object.entries(feeds(this.model, [tokens], this.tokenizer)).map(([name, { values, shape }]) => [
          name,
          tf.tensor(Int32Array.from(values as BigInt64Array, Number), shape, 'int32'),
        ]),
      );
      const [vectors] = graph.run(inputs, [lookup]);
      const counted = (x: tf.Tensor1D): tf.Tensor1D =>
        dimensions ? tf.gather(x, tf.tensor1d([...dimensions], 'int32')) : x;
      const other = counted(tf.tensor1d(to));
      const cosine = (at: tf.Tensor): tf.Scalar => {
        const own = counted(this.pool(graph.run({ ...inputs, [lookup]: at }, [this.embedding.name])[0], tokens.length));
        const lengths = tf.mul(tf.norm(own), tf.norm(other));
        return tf.div(tf.sum(tf.mul(own, other)), tf.maximum(lengths, 1e-12));
      };
      const { value, grad } = tf.valueAndGrad(cosine)(vectors);
      return { value, grad };
    });
    const [[cosine], gradient] = await Promise.all([made.value.data(), made.grad.data()]);
    tf.dispose(made);
    return { tokens, cosine, gradient: (gradient as Float32Array).slice(0, tokens.length * tokenDim) };
  }

  /** The embedding of a text, from the model's output: [1, dim], or [1, tokens, dim] to be pooled. */
  private pool(output: tf.Tensor, tokens: number): tf.Tensor1D {
    const { pooling } = this.embedding;
    if (pooling === undefined) return tf.squeeze(output, [0]);
    const rows = tf.slice(tf.squeeze<tf.Tensor2D>(output, [0]), 0, pooling === 'cls' ? 1 : tokens);
    return tf.mean(rows, 0);
  }

  dispose(): void {
    this.graph.dispose();
  }
}
