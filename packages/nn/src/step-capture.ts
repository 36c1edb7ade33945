import {
  fusedOps,
  type CaptureRequest,
  type StepCapture,
  type StepCaptureMode,
  type StepCaptureReport,
} from '@cxr-align/fused-ops';
import * as tf from '@tensorflow/tfjs-core';

/**
 * A computation that is repeated: an engine with step capture replays it as one operation, with the same bits; every other engine,
 * and every engine with `stepCapture: 'off'`, computes it operation by operation.
 */
export function createStepCapture({ stepCapture = 'auto' }: { stepCapture?: StepCaptureMode } = {}): StepCapture {
  if (stepCapture === 'off') return new OpByOp("stepCapture is 'off'");
  return (
    fusedOps().stepCapture?.() ?? new OpByOp(`the TensorFlow.js backend ${tf.getBackend()} has no step capture here`)
  );
}

/** No capture: counts the runs and says why. */
class OpByOp implements StepCapture {
  private opByOp = 0;

  constructor(private readonly reason: string) {}

  run(_request: CaptureRequest, compute: () => tf.NamedTensorMap): tf.NamedTensorMap {
    this.opByOp++;
    return compute();
  }

  report(): StepCaptureReport {
    return { captured: 0, opByOp: this.opByOp, checked: 0, possiblyStale: 0, reason: this.reason };
  }

  dispose(): void {}
}
