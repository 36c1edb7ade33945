import * as tf from '@tensorflow/tfjs-core';
import { Kernel } from '../../assembly/call.js';
import { replaceKernel, setKernel } from './kernels.js';
import { depth, packColumns } from './products.js';
import type { KernelTeam } from './team.js';

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
  /** The arguments of a kernel: where things lie, for how many of the images, and what is one piece. */
  const given = (
    at: { images: number; out: number; packed: number; filter?: number },
    count: number,
    step: number,
    adds = false,
  ): number[] => [
    at.images,
    at.out,
    at.packed,
    at.filter ?? 0,
    count,
    ...images.slice(1),
    outHeight,
    outWidth,
    outputs,
    filter[0],
    filter[1],
    info.strideHeight,
    info.strideWidth,
    info.dilationHeight,
    info.dilationWidth,
    padInfo.top,
    padInfo.left,
    step,
    Number(adds),
  ];
  return { batch, perImage: outHeight * outWidth, outputs, terms, given, outShape: info.outShape };
}

/** Nanoseconds of a multiplication with its addition, and of a number that is packed or added. */
const [ofTerm, ofNumber] = [0.06, 0.6];

/** Has our own kernels do convolutions and both their gradients, as products of matrices whose patches are only ever packed. */
export function useOwnConvolutions(team: KernelTeam): void {
  const isPlain = (attributes: Attributes, ...tensors: tf.TensorInfo[]): boolean =>
    (attributes.dataFormat ?? 'NHWC') === 'NHWC' && tensors.every(({ dtype }) => dtype === 'float32');
  const shipped = (call: Parameters<tf.KernelFunc>[0], kernel: tf.KernelFunc | undefined, name: string): tf.Tensor => {
    if (!kernel)
      throw new RangeError(`engine/wasm: ${name}: expected float32 images [batch, height, width, channels]; cast them`);
    return tf.engine().makeTensorFromTensorInfo(kernel(call) as tf.TensorInfo);
  };

  replaceKernel('Conv2D', (base) => (call) => {
    const { x, filter } = call.inputs as { x: tf.Tensor4D; filter: tf.Tensor4D };
    const attributes = call.attrs as unknown as Attributes;
    if (!isPlain(attributes, x, filter)) return shipped({ attrs: {}, ...call }, base, 'Conv2D');
    const { batch, perImage, outputs, terms, given, outShape } = sizesOf(x.shape, filter.shape, attributes);
    const out = team.make(outShape);
    if (out.size === 0) return out;
    const packed = packColumns(team, { b: team.place(filter), terms, columns: outputs, turnedB: false });
    const at = { images: team.place(x), out: team.place(out), packed };
    team.run(
      Kernel.convolve,
      Math.ceil((batch * perImage) / strip),
      strip * terms * (outputs * ofTerm + ofNumber),
      given(at, batch, strip),
      128 + 4 * (x.shape[3] + strip * terms),
    );
    return out;
  });

  setKernel('Conv2DBackpropInput', (base) => (call) => {
    const { dy, filter } = call.inputs as { dy: tf.Tensor4D; filter: tf.Tensor4D };
    const attributes = call.attrs as unknown as Attributes & { inputShape: Shape4D };
    if (!isPlain(attributes, dy, filter)) return shipped({ attrs: {}, ...call }, base, 'Conv2DBackpropInput');
    const { inputShape } = attributes;
    const { batch, perImage, outputs, terms, given } = sizesOf(inputShape, filter.shape, attributes);
    const dx = team.make(inputShape);
    if (dx.size === 0) return dx;
    // The filter [terms, outputs] is the right matrix turned.
    const packed = packColumns(team, { b: team.place(filter), terms: outputs, columns: terms, turnedB: true });
    const at = { images: team.place(dx), out: team.place(dy), packed };
    team.run(
      Kernel.convolutionInputGradient,
      batch,
      perImage * terms * (outputs * ofTerm + ofNumber),
      given(at, batch, 1),
      128 + 4 * 32 * (Math.min(depth, outputs) + terms),
    );
    return dx;
  });

  setKernel('Conv2DBackpropFilter', (base) => (call) => {
    const { x, dy } = call.inputs as { x: tf.Tensor4D; dy: tf.Tensor4D };
    const attributes = call.attrs as unknown as Attributes & { filterShape: Shape4D };
    if (!isPlain(attributes, x, dy)) return shipped({ attrs: {}, ...call }, base, 'Conv2DBackpropFilter');
    const { filterShape } = attributes;
    const { batch, perImage, outputs, terms, given } = sizesOf(x.shape, filterShape, attributes);
    if (x.size === 0 || dy.size === 0) return tf.zeros(filterShape);
    const filter = team.make(filterShape);
    const group = Math.max(1, Math.floor(mostPacked / (perImage * Math.max(8, outputs))));
    for (let image = 0; image < batch; image += group) {
      const count = Math.min(group, batch - image);
      const out = team.place(dy) + 4 * image * perImage * outputs;
      const packed = packColumns(team, { b: out, terms: count * perImage, columns: outputs, turnedB: false });
      const images = team.place(x) + (4 * image * x.size) / batch;
      team.run(
        Kernel.convolutionFilterGradient,
        Math.ceil(terms / (4 * panels)),
        4 * panels * count * perImage * (outputs * ofTerm + ofNumber),
        given({ images, out, packed, filter: team.place(filter) }, count, panels, image > 0),
        128 + 4 * 4 * panels * depth,
      );
    }
    return filter;
  });
}
