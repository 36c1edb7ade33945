import type * as tf from '@tensorflow/tfjs-core';
import { Operations } from './operations.js';

/** The signature of an operation: attributes, inputs and outputs by name and type, in the order of TensorFlow's op definition. */
export interface OpSignature {
  attributes: Readonly<Record<string, string>>;
  inputs: Readonly<Record<string, string>>;
  outputs: Readonly<Record<string, string>>;
}

const ofAttention = { rate: 'float', heads: 'int >= 1', batch: 'int >= 1' };

/**
 * The operations that `native/*.cc` registers: the one list that calls are built from, by name. A test compares it with the
 * registrations and with the inputs and outputs that each kernel reads, so that no argument can change places unnoticed.
 */
export const nativeOps = {
  CxrDropout: {
    attributes: { rate: 'float', residuals: 'int >= 0' },
    inputs: { x: 'float', maskKey: 'int32', residual: 'residuals * float' },
    outputs: { y: 'float' },
  },
  CxrBiasReluDropout: {
    attributes: { rate: 'float' },
    inputs: { product: 'float', bias: 'float', maskKey: 'int32' },
    outputs: { y: 'float' },
  },
  CxrBiasReluDropoutGrad: {
    attributes: { rate: 'float' },
    inputs: { dy: 'float', y: 'float' },
    outputs: { dproduct: 'float', dbias: 'float' },
  },
  CxrLayerNorm: {
    attributes: { eps: 'float' },
    inputs: { x: 'float', gamma: 'float', beta: 'float' },
    outputs: { y: 'float', statistics: 'float' },
  },
  CxrLayerNormGrad: {
    attributes: {},
    inputs: { dy: 'float', x: 'float', statistics: 'float', gamma: 'float' },
    outputs: { dx: 'float', dgamma: 'float', dbeta: 'float' },
  },
  CxrColumnSums: { attributes: {}, inputs: { x: 'float' }, outputs: { sums: 'float' } },
  CxrSoftmax: { attributes: {}, inputs: { x: 'float' }, outputs: { y: 'float' } },
  CxrHash: { attributes: {}, inputs: { x: 'float' }, outputs: { parts: 'float' } },
  CxrAttention: {
    attributes: ofAttention,
    inputs: { query: 'float', keyValue: 'float', maskKey: 'int32' },
    outputs: { attended: 'float', weights: 'float' },
  },
  CxrAttentionGrad: {
    attributes: ofAttention,
    inputs: { dattended: 'float', query: 'float', keyValue: 'float', weights: 'float', maskKey: 'int32' },
    outputs: { dquery: 'float', dkeyValue: 'float' },
  },
  CxrAdamW: {
    attributes: { count: 'int >= 0' },
    inputs: { numbers: 'float', rates: 'float', decays: 'float', tensors: 'count * float' },
    outputs: { norm: 'float' },
  },
} as const satisfies Readonly<Record<string, OpSignature>>;

export type NativeOp = keyof typeof nativeOps;

type Inputs<Name extends NativeOp> = {
  [
    Input in keyof (typeof nativeOps)[Name]['inputs']
  ]: (typeof nativeOps)[Name]['inputs'][Input] extends `${string} * ${string}` ? tf.Tensor[] : tf.Tensor;
};
type Outputs<Name extends NativeOp> = Record<keyof (typeof nativeOps)[Name]['outputs'], tf.Tensor>;
type AttributeValues<Name extends NativeOp> = Record<keyof (typeof nativeOps)[Name]['attributes'], number>;

/**
 * Runs one of our own operations of the TensorFlow binding; its signature puts the arguments in order.
 *
 * @returns the outputs by name. The caller owns them.
 */
export function runNativeOp<Name extends NativeOp>(
  name: Name,
  inputs: Inputs<Name>,
  attributes: AttributeValues<Name>,
): Outputs<Name> {
  const signature: OpSignature = nativeOps[name];
  const ops = new Operations();
  const tensors = Object.keys(signature.inputs).flatMap(
    (key) => (inputs as Record<string, tf.Tensor | tf.Tensor[]>)[key],
  );
  const values = Object.entries(signature.attributes).map(([key, type]) => {
    const value = (attributes as Record<string, number>)[key];
    return type === 'float' ? ops.number(key, value) : ops.whole(key, value);
  });
  const names = Object.keys(signature.outputs);
  const outputs = ops.several(name, tensors, values, names.length);
  return Object.fromEntries(names.map((key, i) => [key, outputs[i]])) as Outputs<Name>;
}
