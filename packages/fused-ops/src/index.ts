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
  type UpdatePart,
} from './fused-ops.js';
