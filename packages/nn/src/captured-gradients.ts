import type { StepCaptureMode, StepCaptureReport } from '@cxr-align/fused-ops';
import { valueAndGradients, type ValueAndGradients } from '@cxr-align/tensor';
import type * as tf from '@tensorflow/tfjs-core';
import type { ForwardContext } from './forward-context.js';
import { ModelPrecision } from './model-precision.js';
import { createStepCapture } from './step-capture.js';

/** What one step of {@link CapturedGradients} computes from. */
export interface GradientRequest {
  /** The tensors of the batch. */
  inputs: tf.Tensor[];
  context: ForwardContext;
  /**
   * Counts the changes of all else that the loss depends on besides variables and kept tensors, such as loss weights that are numbers.
   * Raise it with each change; see `CaptureRequest` of `@cxr-align/fused-ops` for what happens to a change that it misses. Default 0.
   */
  captureVersion?: number;
}

/**
 * The gradients of one loss, computed in each step of a training. An engine with step capture finds out which operations they are
 * made of, and runs them as one operation.
 */
export class CapturedGradients {
  private readonly capture;

  private readonly precision: ModelPrecision;

  /**
   * @param options `stepCapture: 'off'` computes every step operation by operation, default `auto`; `precision`: whose `model` the
   * forward passes call, default float32.
   */
  constructor({
    stepCapture,
    precision = new ModelPrecision(),
  }: { stepCapture?: StepCaptureMode; precision?: ModelPrecision } = {}) {
    this.capture = createStepCapture({ stepCapture, precision: precision.precision });
    this.precision = precision;
  }

  /** How the steps were computed so far: captured or operation by operation, and why. */
  report(): StepCaptureReport {
    return this.capture.report();
  }

  /**
   * Computes loss, gradients and auxiliary tensors of a step, as {@link valueAndGradients}.
   *
   * @param forward a function of the inputs, of variables, of kept tensors and of the context, from which it takes the step: a
   * capture may try it with that of the next step.
   * @returns the caller owns all of it.
   */
  compute(
    { inputs, context, captureVersion }: GradientRequest,
    forward: (context: ForwardContext) => { loss: tf.Scalar; aux: Record<string, tf.Tensor> },
    variables: tf.Variable[],
  ): ValueAndGradients {
    const found: ValueAndGradients = { loss: undefined as unknown as tf.Scalar, gradients: {}, aux: {} };
    const request = { inputs, step: context.step, captureVersion, hasDrawn: () => context.hasDrawn };
    const results = this.capture.run(request, (step) => {
      const now = step === context.step ? context : context.at(step);
      const { loss, gradients, aux } = this.precision.gradients(() => valueAndGradients(() => forward(now), variables));
      return { loss, ...prefixed('gradients', gradients), ...prefixed('aux', aux) };
    });
    for (const [key, tensor] of Object.entries(results)) {
      const [part, ...name] = key.split('/');
      if (part === 'loss') found.loss = tensor as tf.Scalar;
      else found[part as 'gradients' | 'aux'][name.join('/')] = tensor;
    }
    return found;
  }

  dispose(): void {
    this.capture.dispose();
  }
}

function prefixed(part: keyof ValueAndGradients, tensors: Readonly<Record<string, tf.Tensor>>): tf.NamedTensorMap {
  return Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [`${part}/${name}`, tensor]));
}
