import { existsSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { InputError, readJson, sha256 } from '@cxr-align/files';
import { OnnxModel, type OnnxOptions, type OnnxTensor } from '@cxr-align/onnx';
import { normalizeRow, type TextEncoder, type TextSlopes } from '../text-encoder.js';
import { OnnxTextSlopes } from './onnx-text-slopes.js';
import { feeds, fillers, fixedLength, type Pooling } from './token-inputs.js';
import { loadTokenizer, type TextTokenizer } from './tokenizer.js';

/** Where exporters put a text encoder. */
const modelFiles = ['onnx/text_model.onnx', 'text_model.onnx', 'onnx/model.onnx', 'model.onnx'];

/** Names that exporters give the one vector of a text that is to be compared with others. */
const pooledNames = [
  'text_embeds',
  'sentence_embedding',
  'text_embeddings',
  'cls_projected_embedding',
  'embeddings',
  'features',
];
const tokenNames = ['last_hidden_state', 'token_embeddings', 'hidden_states'];

/** Texts that are run together. */
const batchSize = 32;

/** What an encoder says of one text, token by token. */
export interface TokenVectors {
  /** float32 [tokens, dim]. */
  values: Float32Array;
  tokens: number;
}

/**
 * A frozen text encoder in a folder: an ONNX file beside `tokenizer.json` and `tokenizer_config.json`. The vector of a text is
 * the output of that name (`text_embeds`, `sentence_embedding`, …), else the mean over the tokens or the first one, as
 * `1_Pooling/config.json` says; the mean unless it says.
 */
export class OnnxTextEncoder implements TextEncoder {
  /** SHA-256 of its weights and its tokenizer. */
  readonly hash: string;
  /** Read once, however many texts are attacked. */
  private differentiable?: Promise<OnnxTextSlopes>;

  private constructor(
    readonly name: string,
    readonly dim: number,
    /** Numbers of a token's vector, where the encoder tells them. */
    readonly tokenDim: number | undefined,
    private readonly model: OnnxModel,
    private readonly tokenizer: TextTokenizer,
    private readonly outputs: { pooled?: string; tokens?: string },
    private readonly pooling: Pooling,
  ) {
    this.hash = sha256(model.weightsHash + tokenizer.hash);
  }

  /** The most tokens that the encoder reads; of longer texts the end is cut off. */
  get maxTokens(): number {
    return this.tokenizer.maxTokens;
  }

  /** @throws {InputError} if the folder holds no encoder, or one that is no text encoder. */
  static async load(folder: string, options: OnnxOptions = {}): Promise<OnnxTextEncoder> {
    const model = await OnnxModel.open(folder, modelFiles, options);
    const { file, inputs } = model;
    const strange = inputs.filter(({ name, type }) => !(name in fillers) || !['int64', 'int32'].includes(type));
    if (strange.length > 0 || !inputs.some(({ name }) => name === 'input_ids'))
      throw new InputError(
        `expected inputs of ${Object.keys(fillers).join(', ')} as int64 or int32, got ${inputs.map(({ name, type }) => `${name} ${type}`).join(', ')}`,
        { file },
      );
    const tokenizer = await loadTokenizer(folder, fixedLength(model));
    // Shapes are often left open in the file: a short text tells them.
    const probe = await model.run(feeds(model, [tokenizer.encode('a')], tokenizer));
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

  /** How many tokens a text has, before any is cut off. */
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
   * The vectors of the tokens of each text, as the last layer has them.
   *
   * @throws {RangeError} if the encoder gives one vector a text alone.
   */
  async encodeTokens(texts: readonly string[]): Promise<TokenVectors[]> {
    const { tokens } = this.outputs;
    if (tokens === undefined)
      throw new RangeError(
        `text-encoder/OnnxTextEncoder: expected an encoder that tells its tokens, got ${this.name} with one vector a text`,
      );
    const all = new Array<TokenVectors>(texts.length);
    await this.run(texts, tokens, (at, output, row, ids) => {
      all[at] = { values: rowOf(output, row).slice(0, ids.length * this.tokenDim!), tokens: ids.length };
    });
    return all;
  }

  /** Runs texts in batches of like length, so that little is padded. */
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
      // An encoder without a mask would read the padding: it gets texts of one length alone.
      while (end < order.length && end - start < batchSize && (hasMask || encoded[order[end]].length === first)) end++;
      const batch = order.slice(start, end);
      const ids = batch.map((at) => encoded[at]);
      const outputs = await this.model.run(feeds(this.model, ids, this.tokenizer), [output]);
      batch.forEach((at, row) => onText(at, outputs[output], row, ids[row]));
      start = end;
    }
  }

  /** @throws {InputError} if the model has operations that cannot be differentiated here. */
  slopes(): Promise<TextSlopes> {
    const { pooled, tokens } = this.outputs;
    this.differentiable ??= OnnxTextSlopes.read(this.model, this.tokenizer, {
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

function rowOf({ data, dims }: OnnxTensor, row: number): Float32Array {
  const size = dims.slice(1).reduce((product, one) => product * one, 1);
  return (data as Float32Array).subarray(row * size, (row + 1) * size);
}

/** One vector of those of the tokens that are there. */
function pool(tokens: Float32Array, count: number, pooling: Pooling, out: Float32Array): void {
  const used = pooling === 'cls' ? 1 : count;
  for (let token = 0; token < used; token++)
    for (let i = 0; i < out.length; i++) out[i] += tokens[token * out.length + i] / used;
}

/** What sentence-transformers wrote beside the model. */
function readPooling(folder: string): Pooling {
  const file = join(folder, '1_Pooling', 'config.json');
  if (!existsSync(file)) return 'mean';
  const content = readJson(file) as Record<string, unknown>;
  if (content.pooling_mode_cls_token === true) return 'cls';
  if (content.pooling_mode_mean_tokens === true) return 'mean';
  throw new InputError('expected pooling_mode_mean_tokens or pooling_mode_cls_token to be true, got neither', { file });
}
