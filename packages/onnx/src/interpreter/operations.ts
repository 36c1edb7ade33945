import type { OnnxNode } from '../onnx-graph.js';
import * as tf from '@tensorflow/tfjs-core';
import { arrayOperations } from './array-operations.js';
import { asChannelsLast, asPlain, axisWhenLast, channelsLast, plain, type Held } from './held.js';
import { imageOperations } from './image-operations.js';
import { mathOperations } from './math-operations.js';
import { fromStart, integersOf, type OnnxOperation } from './operation.js';

const operations = new Map<string, OnnxOperation>(Object.entries({ ...mathOperations, ...arrayOperations }));
const ofImages = new Map<string, OnnxOperation>(Object.entries(imageOperations));

/** Operations that treat each number alike: they keep the order of the axes. */
const entrywise = new Set(
  `Add Sub Mul Div Pow Min Max Sqrt Exp Log Neg Abs Reciprocal Erf Tanh Sigmoid Relu Gelu HardSigmoid HardSwish LeakyRelu Elu PRelu
  Softplus Identity Dropout`.split(/\s+/),
);

/** Whether an operation is implemented. */
export function isKnown(operation: string): boolean {
  return operations.has(operation) || ofImages.has(operation);
}

/** Computes one operation. An input that is left out is undefined. */
export function compute(node: OnnxNode, inputs: readonly (Held | undefined)[]): Held[] {
  const { operation } = node;
  const [first] = inputs;
  const isImage = first?.tensor.rank === 4;
  const image = isImage ? ofImages.get(operation) : undefined;
  if (image) return [channelsLast(single(image([asChannelsLast(first!), ...inputs.slice(1).map(given)], node)))];
  const known = operations.get(operation);
  if (!known)
    throw new RangeError(
      `onnx/${operation}: expected an image [batch, channels, height, width], got [${first?.tensor.shape}]; export the model with such images`,
    );
  const isLast = inputs.some((input) => input?.isChannelsLast);
  if (isLast && entrywise.has(operation) && inputs.every((input) => !input || input.tensor.rank <= 4)) {
    const last = inputs.map((input) => input && asChannelsLast(input));
    return [channelsLast(single(known(last, node)))];
  }
  if (first?.isChannelsLast) {
    const kept = keepingOrder(node, inputs, known);
    if (kept) return [kept];
  }
  if (operation === 'Transpose' && isImage && !isLast && String(node.attributes.perm) === '0,3,1,2')
    return [channelsLast(tf.clone(first.tensor))];
  const made = known(inputs.map(given), node);
  return (Array.isArray(made) ? made : [made]).map(plain);
}

/** What is computed of an image with its channels last without putting them back; undefined where they have to be. */
function keepingOrder(node: OnnxNode, inputs: readonly (Held | undefined)[], known: OnnxOperation): Held | undefined {
  const { operation, attributes } = node;
  const [{ tensor } = { tensor: undefined }, ...rest] = inputs;
  const others = rest.map(given);
  if (operation === 'Clip') return channelsLast(single(known([tensor, ...others], node)));
  if (operation === 'Transpose' && String(attributes.perm) === '0,2,3,1') return plain(tf.clone(tensor!));
  if (operation === 'Concat') {
    const axis = axisWhenLast[fromStart(attributes.axis, 4)];
    return channelsLast(
      tf.concat(
        inputs.map((input) => asChannelsLast(input!)),
        axis,
      ),
    );
  }
  if (operation === 'Pad' && attributes.mode !== 'reflect') {
    const counts = others[0] ? integersOf(others[0]) : (attributes.pads as number[]);
    const pairs = axisWhenLast.map((_, axis) => [counts[axis], counts[axis + 4]] as [number, number]);
    const value = others[1] ? integersOf(others[1])[0] : 0;
    return channelsLast(tf.pad(tensor!, [pairs[0], pairs[2], pairs[3], pairs[1]], value));
  }
  if (operation === 'ReduceMean') {
    const axes = (others[0] ? integersOf(others[0]) : ((attributes.axes as number[] | undefined) ?? [])).map((axis) =>
      fromStart(axis, 4),
    );
    if (axes.sort().join() !== '2,3') return undefined;
    const keeps = attributes.keepdims !== 0;
    const mean = tf.mean(tensor!, [1, 2], keeps);
    return keeps ? channelsLast(mean) : plain(mean);
  }
  return undefined;
}

const given = (input: Held | undefined): tf.Tensor | undefined => input && asPlain(input);

const single = (made: tf.Tensor | tf.Tensor[]): tf.Tensor => (Array.isArray(made) ? made[0] : made);
