import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  averagePoolModel,
  describeWithPackages,
  expectClose,
  itWithShared,
  tokenNumberModel,
  wordTokenizer,
} from '@cxr-align/testkit';
import { OnnxTextEncoder, similarityMatrix } from '../src/index.js';

const words = ['no', 'a', 'b', 'c', 'd', 'e'];
type Model = Parameters<typeof tokenNumberModel>[0];
const folderOf = (model: Model, files: Record<string, string> = {}): string => {
  const folder = mkdtempSync(join(tmpdir(), 'text-encoder-'));
  writeFileSync(join(folder, 'model.onnx'), tokenNumberModel(model));
  for (const [name, content] of Object.entries({ ...wordTokenizer(words), ...files })) {
    mkdirSync(join(folder, name, '..'), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
  return folder;
};
/** The mean of (id − 8, 1) over the tokens, of length 1. */
const expected = (...ids: number[]): number[] => {
  const mean = ids.reduce((sum, id) => sum + id - 8, 0) / ids.length;
  const length = Math.hypot(mean, 1);
  return [mean / length, 1 / length];
};

describeWithPackages(['onnxruntime-node', '@huggingface/tokenizers'], 'OnnxTextEncoder', () => {
  it.each([
    ['the tokens with a mask', { output: 'tokens' }],
    ['one vector, without a mask', { output: 'sentence' }],
  ] as [string, Model][])('encodes texts of different lengths as each alone: %s', async (_, model) => {
    const encoder = await OnnxTextEncoder.load(folderOf(model));
    expect(encoder.dim).toBe(2);
    const texts = ['a b c', 'e', 'No a'];
    const together = await encoder.encode(texts);
    expectClose(together, [...expected(2, 5, 6, 7, 3), ...expected(2, 9, 3), ...expected(2, 4, 5, 3)], 1e-6);
    for (const [i, text] of texts.entries())
      expectClose(await encoder.encode([text]), together.slice(2 * i, 2 * i + 2), 1e-6);
    expect(await encoder.encode([])).toHaveLength(0);
    await encoder.dispose?.();
  });
  it('pools by the first token where sentence-transformers says so', async () => {
    const pooling = JSON.stringify({ pooling_mode_cls_token: true });
    const encoder = await OnnxTextEncoder.load(folderOf({ output: 'tokens' }, { '1_Pooling/config.json': pooling }));
    expectClose(await encoder.encode(['e e e']), expected(2), 1e-6);
  });
  it('returns token embeddings, where the encoder outputs them', async () => {
    const encoder = await OnnxTextEncoder.load(folderOf({ output: 'tokens' }));
    const [long, short] = await encoder.encodeTokens(['a b', 'e']);
    expect(long).toEqual({ tokens: 4, values: Float32Array.from([-6, 1, -3, 1, -2, 1, -5, 1]) });
    expect(short).toEqual({ tokens: 3, values: Float32Array.from([-6, 1, 1, 1, -5, 1]) });
    const closed = await OnnxTextEncoder.load(folderOf({ output: 'sentence' }));
    await expect(closed.encodeTokens(['a'])).rejects.toThrow('expected an encoder that outputs token embeddings');
  });
  it('truncates long texts, but keeps the special tokens', async () => {
    const encoder = await OnnxTextEncoder.load(folderOf({ output: 'tokens' }, wordTokenizer(words, { maxTokens: 4 })));
    expect([encoder.maxTokens, encoder.countTokens('a b c d e')]).toEqual([4, 7]);
    expectClose(await encoder.encode(['a b c d e']), expected(2, 5, 6, 3), 1e-6);
  });
  it('pads to the fixed length of a model', async () => {
    const encoder = await OnnxTextEncoder.load(folderOf({ output: 'tokens', length: 6 }));
    expectClose(await encoder.encode(['a', 'a b c d e']), [...expected(2, 5, 3), ...expected(2, 5, 6, 7, 8, 3)], 1e-6);
  });
  it('has another hash with another vocabulary', async () => {
    const hash = async (list: string[]): Promise<string> =>
      (await OnnxTextEncoder.load(folderOf({ output: 'tokens' }, wordTokenizer(list)))).hash;
    expect(await hash(words)).toBe(await hash(words));
    expect(await hash([...words, 'f'])).not.toBe(await hash(words));
  });
  it('names what a folder lacks', async () => {
    const folder = folderOf({ output: 'tokens' }, { 'tokenizer.json': 'no JSON' });
    await expect(OnnxTextEncoder.load(folder)).rejects.toThrow('tokenizer.json: expected JSON');
    const strange = folderOf({ output: 'tokens' }, { 'tokenizer.json': '{"model": {"type": "Zebra"}}' });
    await expect(OnnxTextEncoder.load(strange)).rejects.toThrow(
      /tokenizer\.json: expected a tokenizer of the tokenizers library, got .*; save it again/,
    );
    const pattern = folderOf(
      { output: 'tokens' },
      { 'tokenizer.json': '{"pre_tokenizer": {"pattern": {"Glob": "*"}}}' },
    );
    await expect(OnnxTextEncoder.load(pattern)).rejects.toThrow(
      'expected a pattern { "Regex" } or { "String" }, got another; save the tokenizer again',
    );
    const empty = mkdtempSync(join(tmpdir(), 'text-encoder-'));
    await expect(OnnxTextEncoder.load(empty)).rejects.toThrow('expected an encoder: one of onnx/text_model.onnx');
    writeFileSync(join(empty, 'model.onnx'), tokenNumberModel({ output: 'tokens' }));
    await expect(OnnxTextEncoder.load(empty)).rejects.toThrow('expected tokenizer.json beside the text encoder');
    writeFileSync(join(empty, 'model.onnx'), averagePoolModel({ channels: 1, window: 2, output: 'both' }));
    await expect(OnnxTextEncoder.load(empty)).rejects.toThrow(
      /model\.onnx: expected inputs of input_ids, .* as int64 or int32, got pixel_values float32; is it a text encoder\?/,
    );
    const none = JSON.stringify({ pooling_mode_max_tokens: true });
    await expect(
      OnnxTextEncoder.load(folderOf({ output: 'tokens' }, { '1_Pooling/config.json': none })),
    ).rejects.toThrow('expected pooling_mode_mean_tokens or pooling_mode_cls_token');
  });
  itWithShared('models/all-minilm-l6-v2', 'agrees with the reference of a real encoder', async (folder) => {
    const { texts, input_ids, embedding_first16, cosine } = JSON.parse(
      readFileSync(join(folder, 'expected.json'), 'utf8'),
    ) as { texts: string[]; input_ids: number[][]; embedding_first16: number[][]; cosine: number[][] };
    const encoder = await OnnxTextEncoder.load(folder);
    expect([encoder.dim, encoder.tokenDim, encoder.maxTokens]).toEqual([384, 384, 512]);
    expect(texts.map((text) => encoder.countTokens(text))).toEqual(input_ids.map((ids) => ids.length));
    const vectors = await encoder.encode(texts);
    embedding_first16.forEach((values, i) => expectClose(vectors.slice(i * 384, i * 384 + 16), values, 1e-4));
    expectClose(similarityMatrix(vectors, 384).cosine, cosine.flat(), 1e-4);
    const tokens = await encoder.encodeTokens(texts.slice(0, 2));
    expect(tokens.map((one) => one.tokens)).toEqual(input_ids.slice(0, 2).map((ids) => ids.length));
    await encoder.dispose?.();
  });
});
