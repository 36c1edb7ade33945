import { fusedOps, type PrecisionSwitch, type ProductPrecision } from '@cxr-align/fused-ops';
import { withGradient } from '@cxr-align/tensor';
import * as tf from '@tensorflow/tfjs-core';

/** Why the current engine cannot compute products in a precision, and what to do; undefined where it can. */
export function precisionUnavailable(precision: ProductPrecision): { reason: string; hint: string } | undefined {
  const ofEngine = fusedOps().productPrecision;
  if (ofEngine) return ofEngine.unavailable(precision);
  return precision === 'float32'
    ? undefined
    : {
        reason: `the TensorFlow.js backend ${tf.getBackend()} has products of float32 only`,
        hint: 'use the engine native or cuda, or float32',
      };
}

/**
 * The precision of a model's products in a training step: those of its forward pass and of the gradients of that. The losses and their
 * gradients, the optimiser and everything that is no product stay float32, and so do all weights.
 *
 * @example
 * const precision = new ModelPrecision('bf16');
 * const { loss, gradients } = precision.gradients(() =>
 *   valueAndGradients(() => ({ loss: lossOf(precision.model(() => model.forward(x, context))), aux: {} }), variables));
 */
export class ModelPrecision {
  private readonly ofEngine?: PrecisionSwitch;

  /** @throws {RangeError} if the current engine cannot compute in it. */
  constructor(readonly precision: ProductPrecision = 'float32') {
    const unavailable = precisionUnavailable(precision);
    if (unavailable)
      throw new RangeError(
        `nn/ModelPrecision: expected an engine that computes in ${precision}, got one that cannot: ${unavailable.reason}; ${unavailable.hint}`,
      );
    if (precision !== 'float32') this.ofEngine = fusedOps().productPrecision;
  }

  /**
   * A forward pass of the model. Tensors of its results, which may lie in arrays and plain objects, are where the model ends: what is
   * computed from them is float32.
   */
  model<T>(forward: () => T): T {
    const { ofEngine, precision } = this;
    if (!ofEngine) return forward();
    ofEngine.set(precision);
    try {
      return mapTensors(forward(), (tensor) =>
        withGradient([tensor], (x) => ({
          value: tf.clone(x),
          saved: [],
          gradient: (dy) => {
            // The gradients of what was computed from it are done: those of the model begin.
            ofEngine.set(precision);
            return [tf.clone(dy)];
          },
        })),
      );
    } finally {
      ofEngine.set('float32');
    }
  }

  /** Computes gradients of what {@link model} returned; afterwards products are float32 again. */
  gradients<T>(compute: () => T): T {
    try {
      return compute();
    } finally {
      this.ofEngine?.set('float32');
    }
  }
}

/** The value, with other tensors of float32 in place of its own. */
function mapTensors<T>(value: T, change: (tensor: tf.Tensor) => tf.Tensor): T {
  if (value instanceof tf.Tensor) return (value.dtype === 'float32' ? change(value) : value) as T;
  if (Array.isArray(value)) return value.map((one: unknown) => mapTensors(one, change)) as T;
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, one]) => [name, mapTensors(one as unknown, change)]),
  ) as T;
}
