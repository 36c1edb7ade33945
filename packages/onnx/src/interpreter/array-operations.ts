import type { OnnxArray, OnnxAttribute } from '../onnx-graph.js';
import * as tf from '@tensorflow/tfjs-core';
import { fromStart, integersOf, tensorOf, type OnnxOperation } from './operation.js';

/** What makes, reshapes, cuts and gathers arrays, by its name in ONNX. */
export const arrayOperations: Readonly<Record<string, OnnxOperation>> = {
  Constant: (_, { attributes: { value, value_float: one, value_int: whole, ...lists } }) => {
    if (isArray(value)) return tensorOf(value);
    if (one !== undefined) return tf.scalar(one as number);
    if (whole !== undefined) return tf.scalar(whole as number, 'int32');
    return lists.value_ints
      ? tf.tensor1d(lists.value_ints as number[], 'int32')
      : tf.tensor1d(lists.value_floats as number[]);
  },
  Identity: ([x]) => tf.clone(x!),
  Dropout: ([x]) => tf.clone(x!),

  Shape: ([x], { attributes: { start = 0, end } }) => {
    const { shape, rank } = x!;
    return tf.tensor1d(shape.slice(start as number, (end as number | undefined) ?? rank), 'int32');
  },
  Reshape: ([x, wanted], { attributes }) => {
    const sizes = integersOf(wanted!);
    return tf.reshape(
      x!,
      sizes.map((size, i) => (size === 0 && attributes.allowzero !== 1 ? x!.shape[i] : size)),
    );
  },
  Flatten: ([x], { attributes: { axis = 1 } }) => {
    const at = (axis as number) < 0 ? (axis as number) + x!.rank : (axis as number);
    return tf.reshape(x!, [x!.shape.slice(0, at).reduce((size, one) => size * one, 1), -1]);
  },
  Squeeze: ([x, axes], { attributes }) => {
    const given = axes ? integersOf(axes) : (attributes.axes as number[] | undefined);
    const away = given?.map((axis) => fromStart(axis, x!.rank));
    return tf.reshape(
      x!,
      x!.shape.filter((size, i) => (away ? !away.includes(i) : size !== 1)),
    );
  },
  Unsqueeze: ([x, axes], { attributes }) => {
    const given = axes ? integersOf(axes) : (attributes.axes as number[]);
    const rank = x!.rank + given.length;
    const made = given.map((axis) => fromStart(axis, rank));
    const rest = [...x!.shape];
    return tf.reshape(
      x!,
      Array.from({ length: rank }, (_, i) => (made.includes(i) ? 1 : rest.shift()!)),
    );
  },
  Expand: ([x, wanted]) => {
    const shape = tf.broadcast_util.assertAndGetBroadcastShape(x!.shape, integersOf(wanted!));
    return tf.broadcastTo(x!, shape);
  },
  Transpose: ([x], { attributes }) => tf.transpose(x!, attributes.perm as number[] | undefined),
  Concat: (all, { attributes }) =>
    tf.concat(
      all.map((x) => x!),
      fromStart(attributes.axis, all[0]!.rank),
    ),
  Split: ([x, sizes], { outputs, attributes: { axis = 0, split } }) => {
    const at = fromStart(axis, x!.rank);
    const even = Math.ceil(x!.shape[at] / outputs.length);
    const given =
      (sizes ? integersOf(sizes) : (split as number[] | undefined)) ??
      outputs.map((_, i) => Math.min(even, x!.shape[at] - i * even));
    return tf.split(x!, given, at);
  },
  Slice: ([x, starts, ends, axes, steps]) =>
    slice(x!, [starts!, ends!].map(integersOf), axes && integersOf(axes), steps),
  Gather: ([x, indices], { attributes: { axis = 0 } }) => {
    const at = fromStart(axis, x!.rank);
    const fromEnd = tf.add(indices!, tf.scalar(x!.shape[at], 'int32'));
    return tf.gather(x!, tf.where(tf.less(indices!, tf.scalar(0, 'int32')), fromEnd, indices!), at);
  },
  GatherElements: ([x, indices], { attributes: { axis = 0 } }) => {
    const at = fromStart(axis, x!.rank);
    const steps = stepsOf(x!.shape);
    const own = stepsOf(indices!.shape);
    const flat = integersOf(indices!).map((index, i) =>
      x!.shape.reduce((sum, extent, other) => {
        const along = Math.floor(i / own[other]) % indices!.shape[other];
        return sum + steps[other] * (other === at ? fromStart(index, extent) : along);
      }, 0),
    );
    return gatherFlat(x!, flat, indices!.shape);
  },
  GatherND: ([x, indices], { attributes }) => {
    const batch = (attributes.batch_dims as number | undefined) ?? 0;
    const places = indices!.shape.slice(0, -1);
    const depth = indices!.shape[indices!.rank - 1];
    const rest = x!.shape.slice(batch + depth);
    const width = rest.reduce((size, one) => size * one, 1);
    const [steps, own] = [stepsOf(x!.shape), stepsOf(places)];
    const given = integersOf(indices!);
    const flat = Array.from({ length: given.length / depth }, (_, i) => {
      let from = 0;
      for (let axis = 0; axis < batch; axis++) from += steps[axis] * (Math.floor(i / own[axis]) % places[axis]);
      for (let axis = 0; axis < depth; axis++)
        from += steps[batch + axis] * fromStart(given[i * depth + axis], x!.shape[batch + axis]);
      return from;
    });
    const all = flat.flatMap((from) => Array.from({ length: width }, (_, i) => from + i));
    return gatherFlat(x!, all, [...places, ...rest]);
  },
  Pad: ([x, counts, value], { attributes: { mode = 'constant', pads } }) => {
    if (mode !== 'constant')
      throw new RangeError(`onnx/Pad: expected mode constant, got ${mode as string}; export the model with that one`);
    const given = counts ? integersOf(counts) : (pads as number[]);
    const pairs = x!.shape.map((_, axis): [number, number] => [given[axis], given[axis + x!.rank]]);
    return tf.pad(x!, pairs, value ? integersOf(value)[0] : 0);
  },
  Tile: ([x, times]) => tf.tile(x!, integersOf(times!)),
  Range: ([start, limit, delta]) => {
    const [from, to, step] = [start, limit, delta].map((x) => x!.dataSync()[0]);
    return tf.range(from, to, step, start!.dtype as 'float32' | 'int32');
  },
  ConstantOfShape: ([shape], { attributes: { value } }) => {
    const filling = isArray(value) ? value : { dtype: 'float32' as const, data: [0] };
    return tf.fill(integersOf(shape!), filling.data[0], filling.dtype as 'float32' | 'int32');
  },
  Trilu: ([x, k], { attributes: { upper = 1 } }) => {
    const offset = k ? integersOf(k)[0] : 0;
    const [rows, columns] = x!.shape.slice(-2);
    const kept = Float32Array.from({ length: rows * columns }, (_, at) => {
      const over = (at % columns) - Math.floor(at / columns) - offset;
      return Number(upper === 1 ? over >= 0 : over <= 0);
    });
    const mask = tf.cast(tf.tensor2d(kept, [rows, columns]), 'bool');
    return tf.where(mask, x!, tf.zerosLike(x!));
  },
};

function isArray(value: OnnxAttribute): value is OnnxArray {
  return typeof value === 'object' && !Array.isArray(value);
}

/** How far apart neighbours along each axis lie. */
function stepsOf(shape: readonly number[]): number[] {
  return shape.map((_, axis) => shape.slice(axis + 1).reduce((size, one) => size * one, 1));
}

/** Single numbers of a tensor, by their places when it is laid out in a row. */
function gatherFlat(x: tf.Tensor, flat: number[], shape: number[]): tf.Tensor {
  return tf.reshape(tf.gather(tf.reshape(x, [-1]), tf.tensor1d(flat, 'int32')), shape);
}

function slice(x: tf.Tensor, [starts, ends]: number[][], axes = starts.map((_, i) => i), steps?: tf.Tensor): tf.Tensor {
  const by = steps ? integersOf(steps) : starts.map(() => 1);
  return axes.reduce((cut, axis, i) => {
    const at = fromStart(axis, x.rank);
    const extent = cut.shape[at];
    const within = (value: number, low: number, high: number): number =>
      Math.max(low, Math.min(high, value < 0 ? value + extent : value));
    if (by[i] === 1) {
      const [from, to] = [within(starts[i], 0, extent), within(ends[i], 0, extent)];
      const begin = cut.shape.map((_, other) => (other === at ? from : 0));
      return tf.slice(
        cut,
        begin,
        cut.shape.map((size, other) => (other === at ? Math.max(0, to - from) : size)),
      );
    }
    const isForward = by[i] > 0;
    const from = within(starts[i], 0, isForward ? extent : extent - 1);
    const to = ends[i] <= -(2 ** 31) + 1 ? -1 : within(ends[i], isForward ? 0 : -1, extent);
    const places: number[] = [];
    for (let one = from; isForward ? one < to : one > to; one += by[i]) places.push(one);
    return tf.gather(cut, tf.tensor1d(places, 'int32'), at);
  }, x);
}
