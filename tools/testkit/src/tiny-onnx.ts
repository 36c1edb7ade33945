/** A field of a protocol buffer: its number, and a whole number, a text, or a message. */
type Field = [number: number, value: number | string | Field[]];

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
    const content = typeof value === 'string' ? [...new TextEncoder().encode(value)] : message(value);
    return [...varint((number << 3) | 2), ...varint(content.length), ...content];
  });
}

function node(
  operation: string,
  inputs: string[],
  output: string,
  attributes: Record<string, number | number[]> = {},
): Field {
  return [
    1,
    [
      ...inputs.map((name): Field => [1, name]),
      [2, output],
      [4, operation],
      ...Object.entries(attributes).map(([name, value]): Field => [
        5,
        [
          [1, name],
          ...[value].flat().map((one): Field => [typeof value === 'number' ? 3 : 8, one]),
          [20, typeof value === 'number' ? 2 : 7],
        ],
      ]),
    ],
  ];
}

function tensor(field: 11 | 12, name: string, shape: readonly (number | string)[]): Field {
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
              [1, 1],
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
}: {
  channels: number;
  window: number;
  output: 'both' | 'tokens';
}): Uint8Array {
  const map = node('AveragePool', ['pixel_values'], 'feature_map', {
    kernel_shape: [window, window],
    strides: [window, window],
  });
  const mean = node('GlobalAveragePool', ['pixel_values'], 'mean');
  const both = [map, mean, node('Flatten', ['mean'], 'features', { axis: 1 })];
  const list: Field = [
    5,
    [
      [1, 3],
      [2, 7],
      [7, 0],
      [7, channels],
      [7, -1],
      [8, 'list'],
    ],
  ];
  const tokens = [
    map,
    mean,
    list,
    ...['feature_map', 'mean'].flatMap((name) => [
      node('Reshape', [name, 'list'], `${name}/list`),
      node('Transpose', [`${name}/list`], `${name}/rows`, { perm: [0, 2, 1] }),
    ]),
    node('Concat', ['mean/rows', 'feature_map/rows'], 'last_hidden_state', { axis: 1 }),
  ];
  const graph: Field[] = [
    ...(output === 'both' ? both : tokens),
    [2, 'average-pool'],
    tensor(11, 'pixel_values', ['batch', channels, 'height', 'width']),
    ...(output === 'both'
      ? [tensor(12, 'features', ['batch', channels]), tensor(12, 'feature_map', ['batch', channels, 'rows', 'columns'])]
      : [tensor(12, 'last_hidden_state', ['batch', 'tokens', channels])]),
  ];
  return Uint8Array.from(
    message([
      [1, 8],
      [7, graph],
      [
        8,
        [
          [1, ''],
          [2, 17],
        ],
      ],
    ]),
  );
}
