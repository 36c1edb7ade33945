import {
  fusedOps,
  type CaptureRequest,
  type ProductPrecision,
  type StepCapture,
  type StepCaptureMode,
  type StepCaptureReport,
} from '@cxr-align/fused-ops';
import * as tf from '@tensorflow/tfjs-core';

/**
 * A computation that is repeated: an engine with step capture runs it as one operation, with the same bits or, with `stepCapture:
 * 'xla'` and on a CUDA device, compiled and within a tolerance; every other engine, and every engine with `stepCapture: 'off'`,
 * computes it operation by operation.
 */
export function createStepCapture({
  stepCapture = 'auto',
  precision,
}: {
  stepCapture?: StepCaptureMode;
  /** In which the computation has its products, by {@link ModelPrecision}: how closely a compiled step has to agree. */
  precision?: ProductPrecision;
} = {}): StepCapture {
  if (stepCapture === 'off') return new OpByOp("stepCapture is 'off'");
  return (
    fusedOps().stepCapture?.(stepCapture, { precision }) ??
    new OpByOp(`the TensorFlow.js backend ${tf.getBackend()} has no step capture here`)
  );
}

/** No capture: counts the runs and reports why. */
class OpByOp implements StepCapture {
  private opByOp = 0;

  constructor(private readonly reason: string) {}

  run({ step }: CaptureRequest, compute: (step: number) => tf.NamedTensorMap): tf.NamedTensorMap {
    this.opByOp++;
    return compute(step);
  }

  report(): StepCaptureReport {
    return { mode: 'off', captured: 0, opByOp: this.opByOp, checked: 0, possiblyStale: 0, reason: this.reason };
  }

  dispose(): void {}
}
