import { copyFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { OnnxImageEncoder } from '@cxr-align/image-backbone';
import { readOnnxGraph } from '@cxr-align/onnx';
import { loadPromptEmbeddings, OnnxTextEncoder } from '@cxr-align/text-encoder';
import { writeNpy } from '@cxr-align/files';
import type { Parser } from '../judge.js';
import { json, utf8 } from './text.js';

/** The folder of valid files that a program of another kind wrote. */
const stored = ['../seeds/', '../../seeds/']
  .map((path) => fileURLToPath(new URL(path, import.meta.url)))
  .find((folder) => existsSync(folder))!;
const storedFile = (name: string): Uint8Array => new Uint8Array(readFileSync(join(stored, name)));
const copies =
  (...names: [from: string, to: string][]) =>
  (folder: string): void =>
    names.forEach(([from, to]) => copyFileSync(join(stored, from), join(folder, to)));

const preprocess = { size: 8, resample: 2, rescale_factor: 1 / 255, image_mean: [0.5], image_std: [0.5] };
const clip = {
  image_processor_type: 'CLIPImageProcessor',
  size: { shortest_edge: 16 },
  crop_size: { height: 8, width: 8 },
  do_center_crop: true,
  resample: 3,
  image_mean: [0.48, 0.45],
  image_std: [0.26, 0.26],
};
const openClip = {
  model_cfg: { vision_cfg: { image_size: 8 } },
  preprocess_cfg: { size: [8, 8], mean: [0.5], std: 0.5 },
};
const timm = {
  pretrained_cfg: { input_size: [2, 8, 8], interpolation: 'bicubic', crop_pct: 0.9, mean: [0.5, 0.4], std: [0.2, 0.3] },
};

const imageEncoder = async (file: string): Promise<void> => {
  const encoder = await OnnxImageEncoder.load(dirname(file));
  await encoder.encode([new Uint8Array(encoder.preprocessing.size ** 2)]);
  await encoder.dispose();
};

const textEncoder = async (file: string): Promise<void> => {
  const encoder = await OnnxTextEncoder.load(dirname(file));
  await encoder.encode(['a b c', 'no a', 'pleural effusion, left-sided']);
  await encoder.dispose?.();
};

const settings = (name: string, seeds: object[]): Parser => ({
  isLong: true,
  name: `encoder-${name.replace(/\.json$/, '').replaceAll('_', '-')}`,
  grammar: 'json',
  file: name,
  seeds: async () => seeds.map(json),
  prepare: copies(['average-pool.onnx', 'model.onnx']),
  parse: imageEncoder,
  isFolder: true,
});

const tokenizers = (): Uint8Array[] => {
  const words = JSON.parse(new TextDecoder().decode(storedFile('tokenizer.json'))) as Record<string, unknown>;
  const vocab = { '[PAD]': 0, '[UNK]': 1, '[CLS]': 2, '[SEP]': 3, a: 4, b: 5, '##b': 6, c: 7 };
  return [
    json(words),
    json({
      ...words,
      normalizer: {
        type: 'BertNormalizer',
        clean_text: true,
        handle_chinese_chars: true,
        strip_accents: null,
        lowercase: true,
      },
      pre_tokenizer: { type: 'BertPreTokenizer' },
      model: {
        type: 'WordPiece',
        unk_token: '[UNK]',
        continuing_subword_prefix: '##',
        max_input_chars_per_word: 100,
        vocab,
      },
    }),
    json({
      ...words,
      pre_tokenizer: {
        type: 'Sequence',
        pretokenizers: [
          { type: 'Split', pattern: { Regex: '\\p{L}+|\\s+' }, behavior: 'Isolated', invert: false },
          { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
        ],
      },
      model: { type: 'BPE', unk_token: '[UNK]', vocab: { ...vocab, ab: 8 }, merges: ['a b'] },
    }),
  ];
};

/** Files of frozen encoders. */
export const encoderParsers: readonly Parser[] = [
  {
    name: 'onnx-graph',
    grammar: 'binary',
    file: 'model.onnx',
    seeds: async () => ['weights.onnx', 'tokens.onnx', 'average-pool.onnx'].map(storedFile),
    parse: (file) => readOnnxGraph(file),
  },
  {
    name: 'onnx-image-encoder',
    isLong: true,
    grammar: 'binary',
    file: 'model.onnx',
    seeds: async () => ['average-pool.onnx', 'tokens.onnx'].map(storedFile),
    prepare: (folder) => writeFileSync(join(folder, 'preprocess.json'), JSON.stringify(preprocess)),
    parse: imageEncoder,
    isFolder: true,
  },
  {
    name: 'onnx-text-encoder',
    isLong: true,
    grammar: 'binary',
    file: 'model.onnx',
    seeds: async () => [storedFile('text-model.onnx')],
    prepare: copies(['tokenizer.json', 'tokenizer.json'], ['tokenizer_config.json', 'tokenizer_config.json']),
    parse: textEncoder,
    isFolder: true,
  },
  settings('preprocess.json', [preprocess]),
  settings('preprocessor_config.json', [clip]),
  settings('open_clip_config.json', [openClip]),
  settings('config.json', [timm]),
  {
    name: 'tokenizer',
    grammar: 'json',
    file: 'tokenizer.json',
    seeds: async () => tokenizers(),
    prepare: copies(['text-model.onnx', 'model.onnx'], ['tokenizer_config.json', 'tokenizer_config.json']),
    parse: textEncoder,
    isFolder: true,
  },
  {
    name: 'tokenizer-config',
    isLong: true,
    grammar: 'json',
    file: 'tokenizer_config.json',
    seeds: async () => [
      storedFile('tokenizer_config.json'),
      utf8('{"model_max_length":8,"pad_token":{"content":"a"}}'),
    ],
    prepare: copies(['text-model.onnx', 'model.onnx'], ['tokenizer.json', 'tokenizer.json']),
    parse: textEncoder,
    isFolder: true,
  },
  {
    name: 'prompt-embeddings',
    grammar: 'binary',
    file: 'embeddings.npy',
    seeds: async () => [writeNpy({ shape: [3, 4], data: new Float32Array(12).fill(0.5) })],
    parse: async (file) => loadPromptEmbeddings(file),
  },
];
