import {
  fusedOps,
  registerFusedOps,
  type FusedOps,
  type PrecisionSwitch,
  type ProductPrecision,
} from '@cxr-align/fused-ops';
import * as tf from '@tensorflow/tfjs-core';
import type { Attribute, BindingMethods, NodeBackend, NodeBinding } from './operations.js';

/** The operations that multiply and add up, and the places of their inputs of float32. */
const products: Readonly<Record<string, readonly number[]>> = {
  MatMul: [0, 1],
  BatchMatMul: [0, 1],
  BatchMatMulV2: [0, 1],
  Conv2D: [0, 1],
  Conv2DBackpropInput: [1, 2],
  Conv2DBackpropFilter: [0, 2],
  DepthwiseConv2dNative: [0, 1],
  DepthwiseConv2dNativeBackpropInput: [1, 2],
  DepthwiseConv2dNativeBackpropFilter: [0, 2],
};

/** TensorFlow's number of bfloat16, which the binding does not name. */
const bfloat16 = 14;

/** What decides about the precisions of a TensorFlow. */
export interface PrecisionFacts {
  onGpu: boolean;
  /** Why TF32 cannot be used, and what to do; undefined where it can. */
  noTf32?: { reason: string; hint: string };
  /** Why products are in TF32 whatever is set, and what to do; undefined where they are not. */
  noFloat32?: { reason: string; hint: string };
}

/**
 * Computes products in TF32, by TensorFlow's own switch, or in bfloat16: float32 inputs are cast to it, multiplied, and the result is
 * cast back, operation by operation, so that a capture records the casts as it does everything else. Sums over rows are reductions,
 * not products with ones, and attention is computed by plain products, as long as bfloat16 is set.
 */
export class TensorflowPrecision implements PrecisionSwitch {
  private present: ProductPrecision = 'float32';
  private below?: NodeBinding;
  private usual?: FusedOps;
  private bfloat16Failure?: string | null;

  constructor(private readonly facts: PrecisionFacts) {}

  unavailable(precision: ProductPrecision): { reason: string; hint: string } | undefined {
    if (precision === 'float32') return this.facts.noFloat32;
    if (precision === 'tf32') return this.facts.noTf32;
    this.bfloat16Failure ??= failureOfBfloat16();
    return this.bfloat16Failure === null
      ? undefined
      : { reason: `TensorFlow multiplies no bfloat16 here: ${this.bfloat16Failure}`, hint: 'use float32' };
  }

  set(precision: ProductPrecision): void {
    if (precision === this.present) return;
    const backend = tf.backend() as unknown as NodeBackend;
    if (this.present === 'bf16') {
      backend.binding = this.below!;
      registerFusedOps('tensorflow', this.usual!);
      this.below = this.usual = undefined;
    }
    if (precision === 'bf16') {
      this.below = backend.binding;
      backend.binding = inBfloat16(this.below);
      this.usual = fusedOps('tensorflow');
      registerFusedOps('tensorflow', { columnSums: (x) => tf.sum(x, 0), ...this.usual, attention: undefined });
    }
    if ([precision, this.present].includes('tf32')) backend.binding.tensorFloat32?.(precision === 'tf32');
    this.present = precision;
  }
}

/** The binding, with products in bfloat16. */
function inBfloat16(real: NodeBinding): NodeBinding {
  const typed = (name: string, value: number): Attribute => ({ name, type: real.TF_ATTR_TYPE, value });
  const cast = (id: number, from: number, to: number): ReturnType<BindingMethods['executeOp']>[number] =>
    real.executeOp('Cast', [typed('SrcT', from), typed('DstT', to)], [id], 1)[0];
  const executeOp: BindingMethods['executeOp'] = (name, attributes, ids, outputs) => {
    const places = products[name] as readonly number[] | undefined;
    const isFloat = attributes.some((one) => one.name === 'T' && one.value === real.TF_FLOAT);
    if (!places || !isFloat) return real.executeOp(name, attributes, ids, outputs);
    const narrow: number[] = [];
    try {
      const inputs = [...ids];
      for (const place of places) {
        inputs[place] = cast(ids[place], real.TF_FLOAT, bfloat16).id;
        narrow.push(inputs[place]);
      }
      const ofType = attributes.map((one) => (one.name === 'T' ? typed('T', bfloat16) : one));
      const [product] = real.executeOp(name, ofType, inputs, 1);
      narrow.push(product.id);
      return [cast(product.id, bfloat16, real.TF_FLOAT)];
    } finally {
      for (const id of narrow) real.deleteTensor(id);
    }
  };
  return Object.create(real, { executeOp: { value: executeOp } }) as NodeBinding;
}

/** Why a product of bfloat16 fails; null where it does not. */
function failureOfBfloat16(): string | null {
  const backend = tf.backend() as unknown as NodeBackend;
  const { binding } = backend;
  try {
    backend.binding = inBfloat16(binding);
    tf.tidy(() => tf.matMul(tf.ones([2, 2]), tf.ones([2, 2])).dataSync());
    return null;
  } catch (error) {
    return (error as Error).message.split('\n')[0];
  } finally {
    backend.binding = binding;
  }
}
