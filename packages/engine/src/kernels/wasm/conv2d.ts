import * as tf from '@tensorflow/tfjs-core';
import { Kernel } from '../../../assembly/call.js';
import { registerComposedKernel } from '../kernel-registry.js';
import type { KernelArguments } from './kernel-arguments.js';
import { depth, packColumns } from './mat-mul.js';
import type { KernelThreadPool } from './thread-pool.js';

/** The most numbers of dy that are packed at once. */
const mostPacked = 2 ** 22;
/** Places of a strip, and panels of terms. */
const [strip, panels] = [32, 4];

interface Attributes {
  strides: number | [number, number];
  pad: 'valid' | 'same' | number | tf.backend_util.ExplicitPadding;
  dilations?: number | [number, number];
  dataFormat?: 'NHWC' | 'NCHW';
  dimRoundingMode?: 'floor' | 'round' | 'ceil';
}
type Shape4D = [number, number, number, number];

/** The sizes of a convolution of images [batch, height, width, channels]. */
function sizesOf(images: Shape4D, filter: Shape4D, attributes: Attributes) {
  const { strides, dilations = 1, pad, dimRoundingMode } = attributes;
  const info = tf.backend_util.computeConv2DInfo(images, filter, strides, dilations, pad, dimRoundingMode, false);
  const { batchSize: batch, outHeight, outWidth, outChannels: outputs, padInfo } = info;
  const terms = filter[0] * filter[1] * filter[2];
  /** The arguments of a kernel: addresses, the number of images, and the size of a chunk. */
  const given = (
    at: { images: number; out: number; packed: number; filter?: number },
    count: number,
    step: number,
    accumulate = false,
  ): KernelArguments<Kernel.convolve> => ({
    filter: 0,
    ...at,
    batch: count,
    height: images[1],
    width: images[2],
    channels: images[3],
    outHeight,
    outWidth,
    outputs,
    filterHeight: filter[0],
    filterWidth: filter[1],
    strideY: info.strideHeight,
    strideX: info.strideWidth,
    dilationY: info.dilationHeight,
    dilationX: info.dilationWidth,
    padTop: padInfo.top,
    padLeft: padInfo.left,
    step,
    accumulate: Number(accumulate),
  });
  return { batch, perImage: outHeight * outWidth, outputs, terms, given, outShape: info.outShape };
}

/** Nanoseconds of a multiplication with its addition, and of a number that is packed or added. */
const [ofTerm, ofNumber] = [0.06, 0.6];

const isSupported = (attributes: Attributes, ...tensors: tf.TensorInfo[]): boolean =>
  (attributes.dataFormat ?? 'NHWC') === 'NHWC' && tensors.every(({ dtype }) => dtype === 'float32');

/** Registers our own kernels for convolutions and both their gradients: products of matrices whose patches are only ever packed. */
export function registerConv2D(pool: KernelThreadPool): void {
  registerComposedKernel('wasm', 'Conv2D', (shipped) => (call) => {
    const { x, filter } = call.inputs as { x: tf.Tensor4D; filter: tf.Tensor4D };
    const attributes = call.attrs as unknown as Attributes;
    return isSupported(attributes, x, filter) ? convolve(pool, x, filter, attributes) : shipped(call);
  });
  registerComposedKernel('wasm', 'Conv2DBackpropInput', (shipped) => (call) => {
    const { dy, filter } = call.inputs as { dy: tf.Tensor4D; filter: tf.Tensor4D };
    const attributes = call.attrs as unknown as Attributes & { inputShape: Shape4D };
    return isSupported(attributes, dy, filter) ? inputGradient(pool, dy, filter, attributes) : shipped(call);
  });
  registerComposedKernel('wasm', 'Conv2DBackpropFilter', (shipped) => (call) => {
    const { x, dy } = call.inputs as { x: tf.Tensor4D; dy: tf.Tensor4D };
    const attributes = call.attrs as unknown as Attributes & { filterShape: Shape4D };
    return isSupported(attributes, x, dy) ? filterGradient(pool, x, dy, attributes) : shipped(call);
  });
}

function convolve(pool: KernelThreadPool, x: tf.Tensor4D, filter: tf.Tensor4D, attributes: Attributes): tf.Tensor {
  const { batch, perImage, outputs, terms, given, outShape } = sizesOf(x.shape, filter.shape, attributes);
  const out = pool.allocateTensor(outShape);
  if (out.size === 0) return out;
  const packed = packColumns(pool, { b: pool.address(filter), terms, columns: outputs, transposeB: false });
  pool.run(
    Kernel.convolve,
    {
      count: Math.ceil((batch * perImage) / strip),
      nanoseconds: strip * terms * (outputs * ofTerm + ofNumber),
      scratchBytes: 128 + 4 * (x.shape[3] + strip * terms),
    },
    given({ images: pool.address(x), out: pool.address(out), packed }, batch, strip),
  );
  return out;
}

function inputGradient(
  pool: KernelThreadPool,
  dy: tf.Tensor4D,
  filter: tf.Tensor4D,
  attributes: Attributes & { inputShape: Shape4D },
): tf.Tensor {
  const { inputShape } = attributes;
  const { batch, perImage, outputs, terms, given } = sizesOf(inputShape, filter.shape, attributes);
  const dx = pool.allocateTensor(inputShape);
  if (dx.size === 0) return dx;
  // The filter [terms, outputs] is the right matrix transposed.
  const packed = packColumns(pool, { b: pool.address(filter), terms: outputs, columns: terms, transposeB: true });
  pool.run(
    Kernel.convolutionInputGradient,
    {
      count: batch,
      nanoseconds: perImage * terms * (outputs * ofTerm + ofNumber),
      scratchBytes: 128 + 4 * 32 * (Math.min(depth, outputs) + terms),
    },
    given({ images: pool.address(dx), out: pool.address(dy), packed }, batch, 1),
  );
  return dx;
}

function filterGradient(
  pool: KernelThreadPool,
  x: tf.Tensor4D,
  dy: tf.Tensor4D,
  attributes: Attributes & { filterShape: Shape4D },
): tf.Tensor {
  const { filterShape } = attributes;
  const { batch, perImage, outputs, terms, given } = sizesOf(x.shape, filterShape, attributes);
  if (x.size === 0 || dy.size === 0) return tf.zeros(filterShape);
  const filter = pool.allocateTensor(filterShape);
  const group = Math.max(1, Math.floor(mostPacked / (perImage * Math.max(8, outputs))));
  for (let image = 0; image < batch; image += group) {
    const count = Math.min(group, batch - image);
    const out = pool.address(dy) + 4 * image * perImage * outputs;
    const packed = packColumns(pool, { b: out, terms: count * perImage, columns: outputs, transposeB: false });
    const images = pool.address(x) + (4 * image * x.size) / batch;
    pool.run(
      Kernel.convolutionFilterGradient,
      {
        count: Math.ceil(terms / (4 * panels)),
        nanoseconds: 4 * panels * count * perImage * (outputs * ofTerm + ofNumber),
        scratchBytes: 128 + 4 * 4 * panels * depth,
      },
      given({ images, out, packed, filter: pool.address(filter) }, count, panels, image > 0),
    );
  }
  return filter;
}
