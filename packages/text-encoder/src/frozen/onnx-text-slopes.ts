import { InputError } from '@cxr-align/files';
import type { OnnxModel } from '@cxr-align/onnx';
import { OnnxGraph } from '@cxr-align/onnx/graph';
import * as tf from '@tensorflow/tfjs-core';
import type { CosineSlopes, TextSlopes } from '../text-encoder.js';
import { feeds, type Pooling } from './token-inputs.js';
import type { TextTokenizer } from './tokenizer.js';

/** The output that is a text's vector, or those of its tokens that are pooled. */
interface Wanted {
  name: string;
  pooling?: Pooling;
}

/** A frozen text encoder run on TensorFlow.js, where it can be differentiated with respect to the vectors of its tokens. */
export class OnnxTextSlopes implements TextSlopes {
  readonly tokenDim: number;

  private constructor(
    private readonly graph: OnnxGraph,
    private readonly model: OnnxModel,
    private readonly tokenizer: TextTokenizer,
    private readonly wanted: Wanted,
    /** Name of the tokens' vectors in the graph. */
    private readonly looked: string,
    private readonly table: Float32Array,
    tokens: number,
  ) {
    this.tokenDim = table.length / tokens;
  }

  /** @throws {InputError} if the model cannot be differentiated here, or does not look its tokens up in a table. */
  static async read(model: OnnxModel, tokenizer: TextTokenizer, wanted: Wanted): Promise<OnnxTextSlopes> {
    const graph = await OnnxGraph.read(model.file);
    const ids = new Set(['input_ids']);
    // Exporters write them in another type, or once more in the shape that they have.
    for (const { operation, inputs, outputs } of graph.nodes)
      if (['Cast', 'Reshape', 'Identity'].includes(operation) && ids.has(inputs[0])) ids.add(outputs[0]);
    const lookup = graph.nodes.find(({ operation, inputs }) => operation === 'Gather' && ids.has(inputs[1]));
    if (!lookup) {
      graph.dispose();
      throw new InputError('expected an encoder that looks its tokens up in a table, got none (Gather by input_ids)', {
        file: model.file,
      });
    }
    const [table] = graph.run({}, [lookup.inputs[0]]);
    const values = (await table.data()) as Float32Array;
    table.dispose();
    return new OnnxTextSlopes(graph, model, tokenizer, wanted, lookup.outputs[0], values, table.shape[0]);
  }

  tokensOf(text: string): number[] {
    return this.tokenizer.encode(text);
  }

  tokenVector(token: number): Float32Array {
    return this.table.subarray(token * this.tokenDim, (token + 1) * this.tokenDim);
  }

  async cosineSlopes(text: string, to: Float32Array, dimensions?: readonly number[]): Promise<CosineSlopes> {
    const { graph, tokenDim, looked } = this;
    const tokens = this.tokensOf(text);
    const made = tf.tidy(() => {
      const inputs = Object.fromEntries(
        Object.entries(feeds(this.model, [tokens], this.tokenizer)).map(([name, { values, shape }]) => [
          name,
          tf.tensor(Int32Array.from(values as BigInt64Array, Number), shape, 'int32'),
        ]),
      );
      const [vectors] = graph.run(inputs, [looked]);
      const counted = (x: tf.Tensor1D): tf.Tensor1D =>
        dimensions ? tf.gather(x, tf.tensor1d([...dimensions], 'int32')) : x;
      const other = counted(tf.tensor1d(to));
      const cosine = (at: tf.Tensor): tf.Scalar => {
        const own = counted(this.pool(graph.run({ ...inputs, [looked]: at }, [this.wanted.name])[0], tokens.length));
        const lengths = tf.mul(tf.norm(own), tf.norm(other));
        return tf.div(tf.sum(tf.mul(own, other)), tf.maximum(lengths, 1e-12));
      };
      const { value, grad } = tf.valueAndGrad(cosine)(vectors);
      return { value, grad };
    });
    const [[cosine], slopes] = await Promise.all([made.value.data(), made.grad.data()]);
    tf.dispose(made);
    return { tokens, cosine, slopes: (slopes as Float32Array).slice(0, tokens.length * tokenDim) };
  }

  /** One vector of what the encoder says of a text [1, dim], or of its tokens [1, tokens, dim]. */
  private pool(output: tf.Tensor, tokens: number): tf.Tensor1D {
    const { pooling } = this.wanted;
    if (pooling === undefined) return tf.squeeze(output, [0]);
    const rows = tf.slice(tf.squeeze<tf.Tensor2D>(output, [0]), 0, pooling === 'cls' ? 1 : tokens);
    return tf.mean(rows, 0);
  }

  dispose(): void {
    this.graph.dispose();
  }
}
