import { existsSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { faultReason, InputError, readJson, sha256 } from '@cxr-align/files';
import { OnnxModel, type OnnxInputs, type OnnxOptions, type OnnxTensor } from '@cxr-align/onnx';
import { normalizeRow, type TextEncoder, type TextGradients, type TokenEmbeddings } from '../text-encoder.js';
import { OnnxTextGradients } from './onnx-text-gradients.js';
import { feeds, fillers, fixedLength, type Pooling } from './token-inputs.js';
import { loadTokenizer, type TextTokenizer } from './tokenizer.js';

/** Where exporters write a text encoder. */
const modelFiles = ['onnx/text_model.onnx', 'text_model.onnx', 'onnx/model.onnx', 'model.onnx'];

/** Names that exporters give the embedding of a text. */
const pooledNames = [
  'text_embeds',
  'sentence_embedding',
  'text_embeddings',
  'cls_projected_embedding',
  'embeddings',
  'features',
];
const tokenNames = ['last_hidden_state', 'token_embeddings', 'hidden_states'];

/** Texts per batch. */
const batchSize = 32;

/**
 * A frozen text encoder in a folder: an ONNX file, `tokenizer.json` and `tokenizer_config.json`. The embedding of a text is the
 * output of a usual name (`text_embeds`, `sentence_embedding`, …), else the token embeddings pooled as `1_Pooling/config.json`
 * defines it: their mean (the default) or the first one.
 */
export class OnnxTextEncoder implements TextEncoder {
  /** SHA-256 of its weights and its tokenizer. */
  readonly hash: string;
  /** Read when first used, then kept. */
  private differentiable?: Promise<OnnxTextGradients>;

  private constructor(
    readonly name: string,
    readonly dim: number,
    /** Width of a token's embedding, if the model outputs them. */
    readonly tokenDim: number | undefined,
    private readonly model: OnnxModel,
    private readonly tokenizer: TextTokenizer,
    private readonly outputs: { pooled?: string; tokens?: string },
    private readonly pooling: Pooling,
  ) {
    this.hash = sha256(model.weightsHash + tokenizer.hash);
  }

  /** The largest number of tokens; longer texts are truncated at the end. */
  get maxTokens(): number {
    return this.tokenizer.maxTokens;
  }

  /** Opens the encoder of a folder. @throws {InputError} if there is none, or it is no text encoder. */
  static async load(folder: string, options: OnnxOptions = {}): Promise<OnnxTextEncoder> {
    const model = await OnnxModel.open(folder, modelFiles, options);
    const { file, inputs } = model;
    const strange = inputs.filter(
      ({ name, type }) => !Object.hasOwn(fillers, name) || !['int64', 'int32'].includes(type),
    );
    if (strange.length > 0 || !inputs.some(({ name }) => name === 'input_ids'))
      throw new InputError(
        `expected inputs of ${Object.keys(fillers).join(', ')} as int64 or int32, got ${inputs.map(({ name, type }) => `${name} ${type}`).join(', ')}; is it a text encoder?`,
        { file },
      );
    const tokenizer = await loadTokenizer(folder, fixedLength(model));
    // Shapes are often dynamic in the file: a short text determines them.
    const probe = await runModel(model, feeds(model, [tokenizer.encode('a')], tokenizer));
    const of = (names: readonly string[], rank: number): string | undefined => {
      const fitting = Object.keys(probe).filter(
        (name) => probe[name].type === 'float32' && probe[name].dims.length === rank,
      );
      return names.find((name) => fitting.includes(name)) ?? (rank === 3 ? fitting[0] : undefined);
    };
    const pooled = of(pooledNames, 2);
    const tokens = of(tokenNames, 3);
    const found = pooled ?? tokens;
    if (found === undefined)
      throw new InputError(
        `expected an output float32 [batch, dim] of ${pooledNames.join(', ')}, or [batch, tokens, dim]; got ${Object.entries(
          probe,
        )
          .map(([name, { type, dims }]) => `${name} ${type} [${dims}]`)
          .join(', ')}`,
        { file },
      );
    return new OnnxTextEncoder(
      basename(resolve(folder)),
      probe[found].dims.at(-1)!,
      tokens === undefined ? undefined : probe[tokens].dims[2],
      model,
      tokenizer,
      { pooled, tokens },
      readPooling(folder),
    );
  }

  /** The number of tokens of a text before truncation. */
  countTokens(text: string): number {
    return this.tokenizer.count(text);
  }

  async encode(texts: readonly string[]): Promise<Float32Array> {
    const out = new Float32Array(texts.length * this.dim);
    const wanted = this.outputs.pooled ?? this.outputs.tokens!;
    await this.run(texts, wanted, (at, output, row, ids) => {
      const target = out.subarray(at * this.dim, (at + 1) * this.dim);
      if (this.outputs.pooled !== undefined) target.set(rowOf(output, row));
      else pool(rowOf(output, row), ids.length, this.pooling, target);
      normalizeRow(target);
    });
    return out;
  }

  /**
   * The token embeddings of each text in the last layer.
   *
   * @throws {RangeError} if the model outputs no token embeddings: `tokenDim` is undefined.
   */
  async encodeTokens(texts: readonly string[]): Promise<TokenEmbeddings[]> {
    const { tokens } = this.outputs;
    if (tokens === undefined)
      throw new RangeError(
        `text-encoder/OnnxTextEncoder: expected an encoder that outputs token embeddings, got ${this.name}; try encode`,
      );
    const all = new Array<TokenEmbeddings>(texts.length);
    await this.run(texts, tokens, (at, output, row, ids) => {
      all[at] = { values: rowOf(output, row).slice(0, ids.length * this.tokenDim!), tokens: ids.length };
    });
    return all;
  }

  /** Runs texts in batches of similar length, so that little is padded. */
  private async run(
    texts: readonly string[],
    output: string,
    onText: (at: number, output: OnnxTensor, row: number, ids: readonly number[]) => void,
  ): Promise<void> {
    const encoded = texts.map((text) => this.tokenizer.encode(text));
    const order = [...texts.keys()].sort((a, b) => encoded[a].length - encoded[b].length);
    const hasMask = this.model.inputs.some(({ name }) => name === 'attention_mask');
    for (let start = 0; start < order.length;) {
      let end = start + 1;
      const first = encoded[order[start]].length;
      // An encoder without a mask would read the padding: a batch then has texts of one length only.
      while (end < order.length && end - start < batchSize && (hasMask || encoded[order[end]].length === first)) end++;
      const batch = order.slice(start, end);
      const ids = batch.map((at) => encoded[at]);
      const outputs = await runModel(this.model, feeds(this.model, ids, this.tokenizer), [output]);
      batch.forEach((at, row) => onText(at, outputs[output], row, ids[row]));
      start = end;
    }
  }

  /** Reads the model for differentiation. @throws {InputError} if it has operations without a gradient here, or no embedding table. */
  gradients(): Promise<TextGradients> {
    const { pooled, tokens } = this.outputs;
    this.differentiable ??= OnnxTextGradients.read(this.model, this.tokenizer, {
      name: (pooled ?? tokens)!,
      pooling: pooled === undefined ? this.pooling : undefined,
    });
    return this.differentiable;
  }

  async dispose(): Promise<void> {
    (await this.differentiable?.catch(() => undefined))?.dispose();
    await this.model.dispose();
  }
}

/** @throws {InputError} if the model cannot be run: it belongs to another tokenizer, or is damaged. */
async function runModel(model: OnnxModel, inputs: OnnxInputs, outputs?: string[]): Promise<Record<string, OnnxTensor>> {
  try {
    return await model.run(inputs, outputs);
  } catch (error) {
    throw new InputError(
      `expected a model that takes the tokens of its tokenizer, got ${faultReason(error)}; export both again`,
      { file: model.file },
    );
  }
}

function rowOf({ data, dims }: OnnxTensor, row: number): Float32Array {
  const size = dims.slice(1).reduce((product, one) => product * one, 1);
  return (data as Float32Array).subarray(row * size, (row + 1) * size);
}

/** Pools the embeddings of the tokens that are no padding. */
function pool(tokens: Float32Array, count: number, pooling: Pooling, out: Float32Array): void {
  const used = pooling === 'cls' ? 1 : count;
  for (let token = 0; token < used; token++)
    for (let i = 0; i < out.length; i++) out[i] += tokens[token * out.length + i] / used;
}

/** The pooling that sentence-transformers stores beside the model. */
function readPooling(folder: string): Pooling {
  const file = join(folder, '1_Pooling', 'config.json');
  if (!existsSync(file)) return 'mean';
  const content = (readJson(file) ?? {}) as Record<string, unknown>;
  if (content.pooling_mode_cls_token === true) return 'cls';
  if (content.pooling_mode_mean_tokens === true) return 'mean';
  throw new InputError(
    'expected pooling_mode_mean_tokens or pooling_mode_cls_token to be true, got neither; try to export the model with its pooling',
    { file },
  );
}
