/** A field of a protocol buffer: its number, and a whole number, a float32, bytes, a text, or a message. */
type Field = [number: number, value: number | { float: number } | Uint8Array | string | Field[]];

function varint(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = BigInt.asUintN(64, BigInt(value)); ; rest >>= 7n) {
    const low = Number(rest & 127n);
    if (rest < 128n) return [...bytes, low];
    bytes.push(low | 128);
  }
}

function message(fields: readonly Field[]): number[] {
  return fields.flatMap(([number, value]) => {
    if (typeof value === 'number') return [...varint(number << 3), ...varint(value)];
    if (typeof value === 'object' && 'float' in value)
      return [...varint((number << 3) | 5), ...new Uint8Array(Float32Array.of(value.float).buffer)];
    const content =
      typeof value === 'string'
        ? [...new TextEncoder().encode(value)]
        : value instanceof Uint8Array
          ? [...value]
          : message(value);
    return [...varint((number << 3) | 2), ...varint(content.length), ...content];
  });
}

/** Whole numbers, texts, and `{ float }` for others. */
type Attributes = Record<string, number | number[] | string | { float: number }>;

function node(operation: string, inputs: string[], output: string | string[], attributes: Attributes = {}): Field {
  return [
    1,
    [
      ...inputs.map((name): Field => [1, name]),
      ...[output].flat().map((name): Field => [2, name]),
      [4, operation],
      ...Object.entries(attributes).map(([name, value]): Field => [5, [[1, name], ...attribute(value)]]),
    ],
  ];
}

/** An attribute's value and its type, as AttributeProto has them. */
function attribute(value: Attributes[string]): Field[] {
  if (Array.isArray(value)) return [...value.map((one): Field => [8, one]), [20, 7]];
  if (typeof value === 'number')
    return [
      [3, value],
      [20, 2],
    ];
  if (typeof value === 'string')
    return [
      [4, value],
      [20, 3],
    ];
  return [
    [2, value],
    [20, 1],
  ];
}

/** A list of whole numbers, given to operations that want them as an input. */
function list(name: string, values: readonly number[]): Field {
  return [5, [[1, values.length], [2, 7], ...values.map((value): Field => [7, value]), [8, name]]];
}

function modelFile(graph: readonly Field[], opset = 17): Uint8Array {
  return Uint8Array.from(
    message([
      [1, 8],
      [7, [...graph]],
      [
        8,
        [
          [1, ''],
          [2, opset],
        ],
      ],
    ]),
  );
}

const float32 = 1;
const int64 = 7;

function tensor(field: 11 | 12, name: string, shape: readonly (number | string)[], type = float32): Field {
  const extents = shape.map((extent): Field => [1, [[typeof extent === 'number' ? 1 : 2, extent]]]);
  return [
    field,
    [
      [1, name],
      [
        2,
        [
          [
            1,
            [
              [1, type],
              [2, extents],
            ],
          ],
        ],
      ],
    ],
  ];
}

/**
 * An image encoder as an ONNX file, without weights: its features are means of the channels, over the whole image and over
 * windows of it.
 *
 * @param output `both`: `features` [batch, channels] and `feature_map` [batch, channels, grid, grid]; `tokens`:
 *   `last_hidden_state` [batch, 1 + grid², channels] alone, the mean first, as vision transformers have it.
 */
export function averagePoolModel({
  channels,
  window,
  output,
  batch = 'batch',
  side,
  isChannelsLast = false,
}: {
  channels: number;
  window: number;
  output: 'both' | 'tokens';
  /** Images of a run, where they are fixed. */
  batch?: number | string;
  /** Pixels along a side, where they are fixed. */
  side?: number;
  /** Input and map [batch, height, width, channels]. */
  isChannelsLast?: boolean;
}): Uint8Array {
  const inOrder = (images: number | string, depth: number, sides: (number | string)[]): (number | string)[] =>
    isChannelsLast ? [images, ...sides, depth] : [images, depth, ...sides];
  const first = isChannelsLast ? [node('Transpose', ['pixel_values'], 'channels_first', { perm: [0, 3, 1, 2] })] : [];
  const image = isChannelsLast ? 'channels_first' : 'pixel_values';
  const map = node('AveragePool', [image], isChannelsLast ? 'map_first' : 'feature_map', {
    kernel_shape: [window, window],
    strides: [window, window],
  });
  const mean = node('GlobalAveragePool', [image], 'mean');
  const last = isChannelsLast ? [node('Transpose', ['map_first'], 'feature_map', { perm: [0, 2, 3, 1] })] : [];
  const both = [...first, map, ...last, mean, node('Flatten', ['mean'], 'features', { axis: 1 })];
  const tokens = [
    map,
    mean,
    list('list', [0, channels, -1]),
    ...['feature_map', 'mean'].flatMap((name) => [
      node('Reshape', [name, 'list'], `${name}/list`),
      node('Transpose', [`${name}/list`], `${name}/rows`, { perm: [0, 2, 1] }),
    ]),
    node('Concat', ['mean/rows', 'feature_map/rows'], 'last_hidden_state', { axis: 1 }),
  ];
  const graph: Field[] = [
    ...(output === 'both' ? both : tokens),
    [2, 'average-pool'],
    tensor(11, 'pixel_values', inOrder(batch, channels, [side ?? 'height', side ?? 'width'])),
    ...(output === 'both'
      ? [
          tensor(12, 'features', [batch, channels]),
          tensor(12, 'feature_map', inOrder(batch, channels, ['rows', 'columns'])),
        ]
      : [tensor(12, 'last_hidden_state', ['batch', 'tokens', channels])]),
  ];
  return modelFile(graph);
}

/** A graph of any operations as an ONNX file, with one output `y` of float32. */
export function operationsModel({
  inputs,
  lists = {},
  weights = {},
  nodes,
  opset,
}: {
  /** float32, or whole numbers (int64), with any extents. */
  inputs: Record<string, { rank: number; isWhole?: boolean }>;
  /** Whole numbers that operations want as inputs. */
  lists?: Record<string, readonly number[]>;
  /** Constants of a type of ONNX as raw bytes. */
  weights?: Record<string, { shape: readonly number[]; type: number; bytes: Uint8Array }>;
  nodes: readonly [operation: string, inputs: string[], output: string | string[], attributes?: Attributes][];
  opset?: number;
}): Uint8Array {
  return modelFile(
    [
      ...nodes.map((one) => node(...one)),
      [2, 'operations'],
      ...Object.entries(lists).map(([name, values]) => list(name, values)),
      ...Object.entries(weights).map(([name, { shape, type, bytes }]): Field => [
        5,
        [...shape.map((extent): Field => [1, extent]), [2, type], [8, name], [9, bytes]],
      ]),
      ...Object.entries(inputs).map(([name, { rank, isWhole }]) =>
        tensor(
          11,
          name,
          Array.from({ length: rank }, (_, i) => `${name}${i}`),
          isWhole ? int64 : float32,
        ),
      ),
      [
        12,
        [
          [1, 'y'],
          [2, [[1, [[1, float32]]]]],
        ],
      ],
    ],
    opset,
  );
}

/**
 * A text encoder as an ONNX file, without weights: the vector of a token is (id − 8, 1).
 *
 * @param output `tokens`: `last_hidden_state` [batch, tokens, 2], the padding too; `sentence`: `sentence_embedding` [batch, 2]
 *   alone, the mean over all of them.
 * @param length tokens that it demands; any number unless given.
 */
export function tokenNumberModel({
  output,
  length = 'tokens',
  mask = output === 'tokens',
}: {
  output: 'tokens' | 'sentence';
  length?: number | 'tokens';
  mask?: boolean;
}): Uint8Array {
  return modelFile([
    list('last', [2]),
    list('factors', [1, 0]),
    list('offsets', [-8, 1]),
    node('Unsqueeze', ['input_ids', 'last'], 'columns'),
    node('Mul', ['columns', 'factors'], 'scaled'),
    node('Add', ['scaled', 'offsets'], 'whole'),
    node('Cast', ['whole'], 'last_hidden_state', { to: float32 }),
    ...(output === 'sentence'
      ? [node('ReduceMean', ['last_hidden_state'], 'sentence_embedding', { axes: [1], keepdims: 0 })]
      : []),
    [2, 'token-numbers'],
    tensor(11, 'input_ids', ['batch', length], int64),
    ...(mask ? [tensor(11, 'attention_mask', ['batch', length], int64)] : []),
    output === 'tokens'
      ? tensor(12, 'last_hidden_state', ['batch', length, 2])
      : tensor(12, 'sentence_embedding', ['batch', 2]),
  ]);
}

/** `tokenizer.json` and `tokenizer_config.json` of a tokenizer that knows some words: [CLS] words [SEP], unknown ones [UNK]. */
export function wordTokenizer(words: readonly string[], { maxTokens = 16 } = {}): Record<string, string> {
  const marks = ['[PAD]', '[UNK]', '[CLS]', '[SEP]'];
  const vocab = Object.fromEntries([...marks, ...words].map((word, id) => [word, id]));
  const special = (id: string) => ({ SpecialToken: { id, type_id: 0 } });
  const tokenizer = {
    version: '1.0',
    // What published files say of truncation and padding is not ours.
    truncation: { max_length: 3, strategy: 'LongestFirst', stride: 0, direction: 'Right' },
    padding: { strategy: { Fixed: 128 }, direction: 'Right', pad_id: 0, pad_type_id: 0, pad_token: '[PAD]' },
    added_tokens: marks.map((content, id) => ({
      id,
      content,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: true,
    })),
    normalizer: { type: 'Lowercase' },
    pre_tokenizer: { type: 'Whitespace' },
    post_processor: {
      type: 'TemplateProcessing',
      single: [special('[CLS]'), { Sequence: { id: 'A', type_id: 0 } }, special('[SEP]')],
      pair: [],
      special_tokens: Object.fromEntries(['[CLS]', '[SEP]'].map((id) => [id, { id, ids: [vocab[id]], tokens: [id] }])),
    },
    decoder: null,
    model: { type: 'WordLevel', vocab, unk_token: '[UNK]' },
  };
  return {
    'tokenizer.json': JSON.stringify(tokenizer),
    'tokenizer_config.json': JSON.stringify({ model_max_length: maxTokens, pad_token: '[PAD]', unk_token: '[UNK]' }),
  };
}
