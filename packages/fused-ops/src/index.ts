export {
  fusedOps,
  registerFusedOps,
  type AdamWSettings,
  type CaptureRequest,
  type DropoutMask,
  type FusedOps,
  type FusedAdamW,
  type FusedForward,
  type StepCapture,
  type StepCaptureMode,
  type StepCaptureReport,
} from './fused-ops.js';
