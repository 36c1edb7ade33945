import { onnxDtype, type OnnxAttribute } from '../onnx-graph.js';
import * as tf from '@tensorflow/tfjs-core';
import { fromStart, integersOf, knownNumbers, withoutGradient, type OnnxOperation } from './operation.js';

/** Arithmetic, activations, products, comparisons and reductions, by their names in ONNX. */
export const mathOperations: Readonly<Record<string, OnnxOperation>> = {
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
  HardSigmoid: ([x], { attributes: { alpha = 0.2, beta = 0.5 } }) =>
    tf.clipByValue(tf.add(tf.mul(x!, alpha as number), beta as number), 0, 1),
  HardSwish: ([x]) => tf.mul(x!, tf.clipByValue(tf.add(tf.div(x!, 6), 0.5), 0, 1)),
  LeakyRelu: ([x], { attributes: { alpha = 0.01 } }) => tf.leakyRelu(x!, alpha as number),
  Elu: ([x], { attributes: { alpha = 1 } }) =>
    tf.where(tf.greater(x!, 0), x!, tf.mul(tf.sub(tf.exp(tf.minimum(x!, 0)), 1), alpha as number)),
  PRelu: ([x, slope]) => tf.add(tf.relu(x!), tf.mul(tf.minimum(x!, 0), slope!)),
  Softplus: ([x]) => tf.add(tf.relu(x!), tf.log1p(tf.exp(tf.neg(tf.abs(x!))))),
  Clip: ([x, low, high]) => {
    const [from, to] = [low, high].map((limit) => limit && knownNumbers(limit)?.[0]);
    if (from !== undefined && to !== undefined) return tf.clipByValue(x!, from, to);
    const raised = low ? tf.maximum(x!, low) : x!;
    return high ? tf.minimum(raised, high) : tf.clone(raised);
  },
  Softmax: ([x], { attributes }) => alongLast(x!, attributes.axis, (y) => tf.softmax(y)),
  LogSoftmax: ([x], { attributes }) => alongLast(x!, attributes.axis, (y) => tf.logSoftmax(y)),
  LayerNormalization: ([x, gamma, beta], { attributes: { axis = -1, epsilon = 1e-5 } }) => {
    const from = fromStart(axis, x!.rank);
    const axes = Array.from({ length: x!.rank - from }, (_, i) => from + i);
    const { mean, variance } = tf.moments(x!, axes, true);
    const normal = tf.mul(tf.mul(tf.sub(x!, mean), tf.rsqrt(tf.add(variance, epsilon as number))), gamma!);
    return beta ? tf.add(normal, beta) : normal;
  },

  BatchNormalization: ([x, gamma, beta, mean, variance], { attributes: { epsilon = 1e-5 } }) => {
    // Axes after the channels: none where those are last.
    const along = (value: tf.Tensor): tf.Tensor =>
      x!.rank <= 2 ? value : tf.reshape(value, [1, value.size, ...x!.shape.slice(2).map(() => 1)]);
    return normalizedByStatistics(x!, [gamma!, beta!, mean!, variance!].map(along), epsilon as number);
  },
  InstanceNormalization: ([x, gamma, beta], { attributes: { epsilon = 1e-5 } }) => {
    const axes = x!.shape.slice(2).map((_, i) => i + 2);
    const along = (value: tf.Tensor): tf.Tensor => tf.reshape(value, [1, value.size, ...axes.map(() => 1)]);
    const { mean, variance } = tf.moments(x!, axes, true);
    const normal = tf.mul(tf.sub(x!, mean), tf.rsqrt(tf.add(variance, epsilon as number)));
    return tf.add(tf.mul(normal, along(gamma!)), along(beta!));
  },

  MatMul: ([a, b]) => product(a!, b!),
  Gemm: ([a, b, c], { attributes: { alpha = 1, beta = 1, transA = 0, transB = 0 } }) => {
    const scaled = tf.mul(tf.matMul(a as tf.Tensor2D, b as tf.Tensor2D, transA === 1, transB === 1), alpha as number);
    return c ? tf.add(scaled, tf.mul(c, beta as number)) : scaled;
  },

  Equal: withoutGradient(([a, b]) => tf.equal(a!, b!)),
  Greater: withoutGradient(([a, b]) => tf.greater(a!, b!)),
  GreaterOrEqual: withoutGradient(([a, b]) => tf.greaterEqual(a!, b!)),
  Less: withoutGradient(([a, b]) => tf.less(a!, b!)),
  LessOrEqual: withoutGradient(([a, b]) => tf.lessEqual(a!, b!)),
  And: ([a, b]) => tf.logicalAnd(a!, b!),
  Or: ([a, b]) => tf.logicalOr(a!, b!),
  Not: ([x]) => tf.logicalNot(x!),
  IsNaN: withoutGradient(([x]) => tf.notEqual(x!, x!)),
  Where: ([condition, a, b]) => tf.where(condition!, a!, b!),
  Cast: ([x], node) => {
    const { to } = node.attributes;
    const dtype = onnxDtype(to as number);
    if (!dtype)
      throw new RangeError(
        `onnx/Cast: expected a known number type, got ONNX's type ${to}; export the model in float32`,
      );
    return dtype === 'float32' ? tf.cast(x!, dtype) : withoutGradient(([y]) => tf.cast(y!, dtype))([x], node);
  },

  ReduceSum: reduction(tf.sum),
  ReduceMean: reduction(tf.mean),
  ReduceMax: reduction(tf.max),
  ReduceMin: reduction(tf.min),
  ReduceProd: reduction(tf.prod),
  ReduceL2: reduction((x, axes, keep) => tf.sqrt(tf.sum(tf.square(x), axes, keep))),
  ArgMax: withoutGradient(([x], { attributes: { axis = 0, keepdims = 1 } }) => {
    const at = fromStart(axis, x!.rank);
    // TensorFlow.js looks for the largest of numbers alone.
    const found = tf.argMax(tf.cast(x!, 'float32'), at);
    return keepdims === 0 ? found : tf.expandDims(found, at);
  }),
  CumSum: ([x, axis], { attributes }) =>
    tf.cumsum(x!, fromStart(integersOf(axis!)[0], x!.rank), attributes.exclusive === 1, attributes.reverse === 1),
};

/** (x − mean) / √(variance + eps) · gamma + beta, as a · x + b with two numbers for each channel. */
export function normalizedByStatistics(
  x: tf.Tensor,
  [gamma, beta, mean, variance]: readonly tf.Tensor[],
  eps: number,
): tf.Tensor {
  const factor = tf.mul(gamma, tf.rsqrt(tf.add(variance, eps)));
  return tf.add(tf.mul(x, factor), tf.sub(beta, tf.mul(mean, factor)));
}

function alongLast(x: tf.Tensor, axis: OnnxAttribute = -1, apply: (x: tf.Tensor) => tf.Tensor): tf.Tensor {
  const last = x.rank - 1;
  const at = fromStart(axis, x.rank);
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

function reduction(reduce: (x: tf.Tensor, axes?: number[], keepDims?: boolean) => tf.Tensor): OnnxOperation {
  return ([x, axes], { attributes }) => {
    const given = axes ? integersOf(axes) : ((attributes.axes as number[] | undefined) ?? []);
    if (given.length === 0 && attributes.noop_with_empty_axes === 1) return tf.clone(x!);
    const over = given.length === 0 ? x!.shape.map((_, i) => i) : given.map((axis) => fromStart(axis, x!.rank));
    return reduce(x!, over, attributes.keepdims !== 0);
  };
}
