export { Parameters, Scope, type Initializer, type Parameter, type StoredValues } from './parameters.js';
export { ForwardContext, type ForwardContextOptions } from './forward-context.js';
export { columnSums, Linear, linear } from './linear.js';
export { BatchNorm, batchNorm, LayerNorm, layerNorm } from './normalization.js';
export { relu } from './relu.js';
export { Conv2d } from './conv2d.js';
export { MultiHeadAttention, softmax } from './attention.js';
export {
  FeedForward,
  TransformerDecoder,
  TransformerEncoder,
  TransformerLayer,
  type TransformerOptions,
} from './transformer.js';
export { AdamW, type AdamWOptions, type AdamWPart, type AdamWState, type AdamWStepOptions } from './adamw.js';
export { scheduleFactor, scheduleNames, type ScheduleName, type ScheduleOptions } from './schedules.js';
export { CapturedGradients, type GradientRequest } from './captured-gradients.js';
export { createStepCapture } from './step-capture.js';
export { ModelPrecision, precisionUnavailable } from './model-precision.js';
export type {
  CaptureRequest,
  ProductPrecision,
  StepCapture,
  StepCaptureMode,
  StepCaptureReport,
} from '@cxr-align/fused-ops';
