import * as tf from '@tensorflow/tfjs-core';
import { numberKinds, type Attribute, type GraphArray, type GraphNode } from './graph-file.js';

/** Runs one operation. An input that is left out is undefined. */
type Operation = (inputs: (tf.Tensor | undefined)[], node: GraphNode) => tf.Tensor | tf.Tensor[];

/** An operation whose outcome does not change where its inputs change a little: nothing flows back through it. */
function withoutSlope(operation: (...given: Parameters<Operation>) => tf.Tensor): Operation {
  return (inputs, node) => {
    const given = inputs.map((x) => x!);
    const apply = tf.customGrad((...all) => {
      const tensors = all.slice(0, given.length) as tf.Tensor[];
      return { value: operation(tensors, node), gradFunc: () => given.map(({ shape }) => tf.zeros(shape)) };
    });
    return apply(...given);
  };
}

/** A tensor of an array in a file. */
export function tensorOf({ data, shape, dtype }: GraphArray): tf.Tensor {
  return tf.tensor(dtype === 'bool' ? Uint8Array.from(data) : data, shape, dtype);
}

/** The operations that text encoders are exported with, by their names in ONNX. */
export const operations: Readonly<Record<string, Operation>> = {
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

  Add: ([a, b]) => tf.add(a!, b!),
  Sub: ([a, b]) => tf.sub(a!, b!),
  Mul: ([a, b]) => tf.mul(a!, b!),
  // Of whole numbers ONNX drops what is left over, as TensorFlow.js does for positive ones.
  Div: ([a, b]) => tf.div(a!, b!),
  Mod: ([a, b]) => tf.mod(a!, b!),
  Pow: ([a, b]) => tf.pow(a!, tf.cast(b!, a!.dtype)),
  Min: (all) => all.slice(1).reduce<tf.Tensor>((x, y) => tf.minimum(x, y!), all[0]!),
  Max: (all) => all.slice(1).reduce<tf.Tensor>((x, y) => tf.maximum(x, y!), all[0]!),
  Sqrt: ([x]) => tf.sqrt(x!),
  Exp: ([x]) => tf.exp(x!),
  Log: ([x]) => tf.log(x!),
  Neg: ([x]) => tf.neg(x!),
  Abs: ([x]) => tf.abs(x!),
  Sin: ([x]) => tf.sin(x!),
  Cos: ([x]) => tf.cos(x!),
  Reciprocal: ([x]) => tf.div(1, x!),
  Erf: ([x]) => tf.erf(x!),
  Tanh: ([x]) => tf.tanh(x!),
  Sigmoid: ([x]) => tf.sigmoid(x!),
  Relu: ([x]) => tf.relu(x!),
  Gelu: ([x], { attributes }) => {
    const inner =
      attributes.approximate === 'tanh'
        ? tf.tanh(tf.mul(Math.sqrt(2 / Math.PI), tf.add(x!, tf.mul(0.044715, tf.pow(x!, 3)))))
        : tf.erf(tf.div(x!, Math.SQRT2));
    return tf.mul(tf.mul(0.5, x!), tf.add(1, inner));
  },
  Clip: ([x, low, high]) => {
    const raised = low ? tf.maximum(x!, low) : x!;
    return high ? tf.minimum(raised, high) : tf.clone(raised);
  },
  Softmax: ([x], { attributes }) => alongLast(x!, attributes.axis, (y) => tf.softmax(y)),
  LogSoftmax: ([x], { attributes }) => alongLast(x!, attributes.axis, (y) => tf.logSoftmax(y)),
  LayerNormalization: ([x, scale, shift], { attributes: { axis = -1, epsilon = 1e-5 } }) => {
    const from = place(axis, x!.rank);
    const axes = Array.from({ length: x!.rank - from }, (_, i) => from + i);
    const { mean, variance } = tf.moments(x!, axes, true);
    const normal = tf.mul(tf.mul(tf.sub(x!, mean), tf.rsqrt(tf.add(variance, epsilon as number))), scale!);
    return shift ? tf.add(normal, shift) : normal;
  },

  MatMul: ([a, b]) => product(a!, b!),
  Gemm: ([a, b, c], { attributes: { alpha = 1, beta = 1, transA = 0, transB = 0 } }) => {
    const scaled = tf.mul(tf.matMul(a as tf.Tensor2D, b as tf.Tensor2D, transA === 1, transB === 1), alpha as number);
    return c ? tf.add(scaled, tf.mul(c, beta as number)) : scaled;
  },

  Equal: withoutSlope(([a, b]) => tf.equal(a!, b!)),
  Greater: withoutSlope(([a, b]) => tf.greater(a!, b!)),
  GreaterOrEqual: withoutSlope(([a, b]) => tf.greaterEqual(a!, b!)),
  Less: withoutSlope(([a, b]) => tf.less(a!, b!)),
  LessOrEqual: withoutSlope(([a, b]) => tf.lessEqual(a!, b!)),
  And: ([a, b]) => tf.logicalAnd(a!, b!),
  Or: ([a, b]) => tf.logicalOr(a!, b!),
  Not: ([x]) => tf.logicalNot(x!),
  IsNaN: withoutSlope(([x]) => tf.notEqual(x!, x!)),
  Where: ([condition, a, b]) => tf.where(condition!, a!, b!),
  Cast: ([x], node) => {
    const { attributes } = node;
    const kind = numberKinds[attributes.to as number];
    if (!kind) throw new RangeError(`onnx/Cast: expected a known type of numbers, got ONNX's type ${attributes.to}`);
    return kind.dtype === 'float32'
      ? tf.cast(x!, kind.dtype)
      : withoutSlope(([y]) => tf.cast(y!, kind.dtype))([x], node);
  },

  ReduceSum: reduction(tf.sum),
  ReduceMean: reduction(tf.mean),
  ReduceMax: reduction(tf.max),
  ReduceMin: reduction(tf.min),
  ReduceProd: reduction(tf.prod),
  ReduceL2: reduction((x, axes, keep) => tf.sqrt(tf.sum(tf.square(x), axes, keep))),
  ArgMax: withoutSlope(([x], { attributes: { axis = 0, keepdims = 1 } }) => {
    const at = place(axis, x!.rank);
    // TensorFlow.js looks for the largest of numbers alone.
    const found = tf.argMax(tf.cast(x!, 'float32'), at);
    return keepdims === 0 ? found : tf.expandDims(found, at);
  }),
  CumSum: ([x, axis], { attributes }) =>
    tf.cumsum(x!, place(wholes(axis!)[0], x!.rank), attributes.exclusive === 1, attributes.reverse === 1),

  Shape: ([x], { attributes: { start = 0, end } }) => {
    const { shape, rank } = x!;
    return tf.tensor1d(shape.slice(start as number, (end as number | undefined) ?? rank), 'int32');
  },
  Reshape: ([x, wanted], { attributes }) => {
    const sizes = wholes(wanted!);
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
    const given = axes ? wholes(axes) : (attributes.axes as number[] | undefined);
    const away = given?.map((axis) => place(axis, x!.rank));
    return tf.reshape(
      x!,
      x!.shape.filter((size, i) => (away ? !away.includes(i) : size !== 1)),
    );
  },
  Unsqueeze: ([x, axes], { attributes }) => {
    const given = axes ? wholes(axes) : (attributes.axes as number[]);
    const rank = x!.rank + given.length;
    const made = given.map((axis) => place(axis, rank));
    const rest = [...x!.shape];
    return tf.reshape(
      x!,
      Array.from({ length: rank }, (_, i) => (made.includes(i) ? 1 : rest.shift()!)),
    );
  },
  Expand: ([x, wanted]) => {
    const shape = tf.broadcast_util.assertAndGetBroadcastShape(x!.shape, wholes(wanted!));
    return tf.broadcastTo(x!, shape);
  },
  Transpose: ([x], { attributes }) => tf.transpose(x!, attributes.perm as number[] | undefined),
  Concat: (all, { attributes }) =>
    tf.concat(
      all.map((x) => x!),
      place(attributes.axis, all[0]!.rank),
    ),
  Split: ([x, sizes], { outputs, attributes: { axis = 0, split } }) => {
    const at = place(axis, x!.rank);
    const even = Math.ceil(x!.shape[at] / outputs.length);
    const given =
      (sizes ? wholes(sizes) : (split as number[] | undefined)) ??
      outputs.map((_, i) => Math.min(even, x!.shape[at] - i * even));
    return tf.split(x!, given, at);
  },
  Slice: ([x, starts, ends, axes, steps]) => slice(x!, [starts!, ends!].map(wholes), axes && wholes(axes), steps),
  Gather: ([x, indices], { attributes: { axis = 0 } }) => {
    const at = place(axis, x!.rank);
    const fromEnd = tf.add(indices!, tf.scalar(x!.shape[at], 'int32'));
    return tf.gather(x!, tf.where(tf.less(indices!, tf.scalar(0, 'int32')), fromEnd, indices!), at);
  },
  GatherElements: ([x, indices], { attributes: { axis = 0 } }) => {
    const at = place(axis, x!.rank);
    const steps = stepsOf(x!.shape);
    const own = stepsOf(indices!.shape);
    const flat = wholes(indices!).map((index, i) =>
      x!.shape.reduce((sum, extent, other) => {
        const along = Math.floor(i / own[other]) % indices!.shape[other];
        return sum + steps[other] * (other === at ? place(index, extent) : along);
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
    const given = wholes(indices!);
    const flat = Array.from({ length: given.length / depth }, (_, i) => {
      let from = 0;
      for (let axis = 0; axis < batch; axis++) from += steps[axis] * (Math.floor(i / own[axis]) % places[axis]);
      for (let axis = 0; axis < depth; axis++)
        from += steps[batch + axis] * place(given[i * depth + axis], x!.shape[batch + axis]);
      return from;
    });
    const all = flat.flatMap((from) => Array.from({ length: width }, (_, i) => from + i));
    return gatherFlat(x!, all, [...places, ...rest]);
  },
  Tile: ([x, times]) => tf.tile(x!, wholes(times!)),
  Range: ([start, limit, delta]) => {
    const [from, to, step] = [start, limit, delta].map((x) => x!.dataSync()[0]);
    return tf.range(from, to, step, start!.dtype as 'float32' | 'int32');
  },
  ConstantOfShape: ([shape], { attributes: { value } }) => {
    const filling = isArray(value) ? value : { dtype: 'float32' as const, data: [0] };
    return tf.fill(wholes(shape!), filling.data[0], filling.dtype as 'float32' | 'int32');
  },
  Trilu: ([x, k], { attributes: { upper = 1 } }) => {
    const offset = k ? wholes(k)[0] : 0;
    const [rows, columns] = x!.shape.slice(-2);
    const kept = Float32Array.from({ length: rows * columns }, (_, at) => {
      const over = (at % columns) - Math.floor(at / columns) - offset;
      return Number(upper === 1 ? over >= 0 : over <= 0);
    });
    const mask = tf.cast(tf.tensor2d(kept, [rows, columns]), 'bool');
    return tf.where(mask, x!, tf.zerosLike(x!));
  },
};

function isArray(value: Attribute): value is GraphArray {
  return typeof value === 'object' && !Array.isArray(value);
}

/** Whole numbers that say how, not what: they are read here and now. */
function wholes(x: tf.Tensor): number[] {
  return [...x.dataSync()];
}

/** An axis that may be counted from the end. */
function place(axis: Attribute, rank: number): number {
  return (axis as number) < 0 ? (axis as number) + rank : (axis as number);
}

/** How far apart neighbours along each axis lie. */
function stepsOf(shape: readonly number[]): number[] {
  return shape.map((_, axis) => shape.slice(axis + 1).reduce((size, one) => size * one, 1));
}

/** Single numbers of a tensor, by their places when it is laid out in a row. */
function gatherFlat(x: tf.Tensor, flat: number[], shape: number[]): tf.Tensor {
  return tf.reshape(tf.gather(tf.reshape(x, [-1]), tf.tensor1d(flat, 'int32')), shape);
}

function alongLast(x: tf.Tensor, axis: Attribute = -1, apply: (x: tf.Tensor) => tf.Tensor): tf.Tensor {
  const last = x.rank - 1;
  const at = place(axis, x.rank);
  if (at === last) return apply(x);
  const swapped = x.shape.map((_, i) => (i === at ? last : i === last ? at : i));
  return tf.transpose(apply(tf.transpose(x, swapped)), swapped);
}

/** Matrices of any rank, as numpy multiplies them. */
function product(a: tf.Tensor, b: tf.Tensor): tf.Tensor {
  if (a.rank === 1) return tf.squeeze(product(tf.expandDims(a, 0), b), [-2 + b.rank]);
  if (b.rank === 1) return tf.squeeze(product(a, tf.expandDims(b, 1)), [a.rank - 1]);
  if (b.rank === 2) {
    const rows = tf.reshape(a, [-1, a.shape[a.rank - 1]]) as tf.Tensor2D;
    return tf.reshape(tf.matMul(rows, b as tf.Tensor2D), [...a.shape.slice(0, -1), b.shape[1]!]);
  }
  // The gradient of a product does not know of repeated matrices: they are repeated before it.
  const outer = tf.broadcast_util.assertAndGetBroadcastShape(a.shape.slice(0, -2), b.shape.slice(0, -2));
  const [left, right] = [a, b].map((x) => {
    const shape = [...outer, ...x.shape.slice(-2)];
    return shape.join() === x.shape.join() ? x : tf.broadcastTo(x, shape);
  });
  return tf.matMul(left, right);
}

function reduction(reduce: (x: tf.Tensor, axes?: number[], keepDims?: boolean) => tf.Tensor): Operation {
  return ([x, axes], { attributes }) => {
    const given = axes ? wholes(axes) : ((attributes.axes as number[] | undefined) ?? []);
    if (given.length === 0 && attributes.noop_with_empty_axes === 1) return tf.clone(x!);
    const over = given.length === 0 ? x!.shape.map((_, i) => i) : given.map((axis) => place(axis, x!.rank));
    return reduce(x!, over, attributes.keepdims !== 0);
  };
}

function slice(x: tf.Tensor, [starts, ends]: number[][], axes = starts.map((_, i) => i), steps?: tf.Tensor): tf.Tensor {
  const by = steps ? wholes(steps) : starts.map(() => 1);
  return axes.reduce((cut, axis, i) => {
    const at = place(axis, x.rank);
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
