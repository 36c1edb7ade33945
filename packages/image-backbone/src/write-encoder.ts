import type { TransformerLayer } from '@cxr-align/nn';
import { OnnxGraphBuilder, type BuiltArray } from '@cxr-align/onnx';
import type * as tf from '@tensorflow/tfjs-core';
import type { ConvEncoder, PatchEncoder } from './encoders.js';

/** Arrays of a model by the path of its parameter. */
async function arrayOf(variable: tf.Tensor): Promise<BuiltArray & { data: Float32Array }> {
  return { shape: variable.shape, data: ((await variable.data()) as Float32Array).slice() };
}

/** An array with its axes in another order. */
function transposed({ shape, data }: BuiltArray & { data: Float32Array }, order: readonly number[]): BuiltArray {
  const steps = shape.map((_, axis) => shape.slice(axis + 1).reduce((size, extent) => size * extent, 1));
  const extents = order.map((axis) => shape[axis]);
  const out = new Float32Array(data.length);
  for (let at = 0; at < out.length; at++) {
    let rest = at;
    let from = 0;
    for (let axis = order.length - 1; axis >= 0; axis--) {
      from += (rest % extents[axis]) * steps[order[axis]];
      rest = Math.floor(rest / extents[axis]);
    }
    out[at] = data[from];
  }
  return { shape: extents, data: out };
}

/** Adds the convolutional encoder. @param image [batch, 1, size, size]. @returns its map [batch, dim, grid, grid]. */
async function addConvEncoder(
  graph: OnnxGraphBuilder,
  encoder: ConvEncoder,
  image: string,
  size: number,
): Promise<string> {
  let x = image;
  let extent = size;
  for (const [stage, layers] of encoder.stages.entries()) {
    if (stage > 0) {
      x = graph.add('AveragePool', [x], { kernel_shape: [2, 2], strides: [2, 2] });
      extent = Math.floor(extent / 2);
    }
    for (const [i, { convolution, norm }] of layers.entries()) {
      const name = `${stage}.${i}`;
      const { stride } = convolution;
      const filter = transposed(await arrayOf(convolution.filter), [3, 2, 0, 1]);
      const [side] = filter.shape.slice(2);
      const all = Math.max(0, (Math.ceil(extent / stride) - 1) * stride + side - extent);
      const [before, after] = [Math.floor(all / 2), Math.ceil(all / 2)];
      x = graph.add('Conv', [x, graph.constant(`${name}/filter`, filter)], {
        kernel_shape: [side, side],
        pads: [before, before, after, after],
        strides: [stride, stride],
      });
      const statistics = { gamma: norm.gamma, beta: norm.beta, mean: norm.movingMean, variance: norm.movingVariance };
      const names: string[] = [];
      for (const [part, variable] of Object.entries(statistics))
        names.push(graph.constant(`${name}/${part}`, await arrayOf(variable)));
      x = graph.add('Relu', [graph.add('BatchNormalization', [x, ...names], { epsilon: { float: 1e-5 } })]);
      extent = Math.ceil(extent / stride);
    }
  }
  return x;
}

/** Adds the patch encoder. @param image [batch, 1, size, size]. @returns its patches [batch, grid², dim]. */
async function addPatchEncoder(graph: OnnxGraphBuilder, encoder: PatchEncoder, image: string): Promise<string> {
  const { grid, patch, dim } = encoder;
  const linear = async (x: string, name: string, { weight, bias }: { weight: tf.Tensor; bias: tf.Tensor }) =>
    graph.add('Add', [
      graph.add('MatMul', [x, graph.constant(`${name}/weight`, await arrayOf(weight))]),
      graph.constant(`${name}/bias`, await arrayOf(bias)),
    ]);
  const norm = async (x: string, name: string, { gamma, beta }: { gamma: tf.Tensor; beta: tf.Tensor }) =>
    graph.add(
      'LayerNormalization',
      [x, graph.constant(`${name}/gamma`, await arrayOf(gamma)), graph.constant(`${name}/beta`, await arrayOf(beta))],
      { epsilon: { float: 1e-5 }, axis: -1 },
    );
  const cut = graph.add('Reshape', [image, graph.integers(-1, grid, patch, grid, patch)]);
  const patches = graph.add('Reshape', [
    graph.add('Transpose', [cut], { perm: [0, 1, 3, 2, 4] }),
    graph.integers(-1, grid * grid, patch * patch),
  ]);
  const positions = graph.constant('positions', await arrayOf(encoder.positions));
  let x = await norm(
    graph.add('Add', [await linear(patches, 'embed', encoder.embed), positions]),
    'norm',
    encoder.norm,
  );
  for (const [i, layer] of encoder.transformer.layers.entries()) x = await addLayer(x, `layers/${i}`, layer);
  return x;

  /** x ← LN(x + attention(x)); x ← LN(x + feedForward(x)), without dropout. */
  async function addLayer(rows: string, name: string, layer: TransformerLayer): Promise<string> {
    const { selfAttention: attention, selfNorm, feedForward, feedForwardNorm } = layer;
    const { heads } = attention;
    const width = dim / heads;
    const split = (part: string): string =>
      graph.add('Transpose', [graph.add('Reshape', [part, graph.integers(0, 0, heads, width)])], {
        perm: [0, 2, 1, 3],
      });
    const query = split(await linear(rows, `${name}/query`, attention.query));
    const both = await linear(rows, `${name}/keyValue`, attention.keyValue);
    const [keys, values] = graph.addEach('Split', [both, graph.integers(dim, dim)], 2, { axis: -1 }).map(split);
    const scale = graph.constant(`${name}/scale`, { shape: [], data: Float32Array.of(1 / Math.sqrt(width)) });
    const scores = graph.add('Mul', [
      graph.add('MatMul', [query, graph.add('Transpose', [keys], { perm: [0, 1, 3, 2] })]),
      scale,
    ]);
    const mixed = graph.add('MatMul', [graph.add('Softmax', [scores], { axis: -1 }), values]);
    const merged = graph.add('Reshape', [
      graph.add('Transpose', [mixed], { perm: [0, 2, 1, 3] }),
      graph.integers(0, 0, dim),
    ]);
    const attended = await linear(merged, `${name}/output`, attention.output);
    const first = await norm(graph.add('Add', [rows, attended]), `${name}/selfNorm`, selfNorm);
    const hidden = graph.add('Relu', [await linear(first, `${name}/first`, feedForward.first)]);
    const transformed = await linear(hidden, `${name}/second`, feedForward.second);
    return norm(graph.add('Add', [first, transformed]), `${name}/feedForwardNorm`, feedForwardNorm);
  }
}

/**
 * An image encoder of ours as an ONNX file: `pixel_values` float32 [batch, 1, size, size] to `features` [batch, dim], the mean over the
 * map, and `feature_map`: [batch, dim, grid, grid] of the convolutional one, [batch, grid², dim] of the patch encoder. Norms by moving
 * statistics, no dropout: what it computes when predicting.
 *
 * @param size pixels along a side of its images.
 */
export async function writeImageEncoder(encoder: ConvEncoder | PatchEncoder, size: number): Promise<Uint8Array> {
  const graph = new OnnxGraphBuilder('image-encoder');
  const image = graph.input('pixel_values', ['batch', 1, size, size]);
  const { dim, grid } = encoder;
  if ('stages' in encoder) {
    const map = await addConvEncoder(graph, encoder, image, size);
    graph.output(map, 'feature_map', ['batch', dim, grid, grid]);
    graph.output(graph.add('Flatten', [graph.add('GlobalAveragePool', [map])]), 'features', ['batch', dim]);
  } else {
    const patches = await addPatchEncoder(graph, encoder, image);
    graph.output(patches, 'feature_map', ['batch', grid * grid, dim]);
    graph.output(graph.add('ReduceMean', [patches], { axes: [1], keepdims: 0 }), 'features', ['batch', dim]);
  }
  return graph.write();
}
