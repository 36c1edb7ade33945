export { Parameters, Scope, type Initial, type Parameter } from './parameters.js';
export { Pass } from './pass.js';
export { columnSums, Linear, linear } from './linear.js';
export { BatchNorm, batchNorm, LayerNorm, layerNorm } from './normalization.js';
export { Convolution } from './convolution.js';
export { MultiHeadAttention, softmax } from './attention.js';
export { TransformerDecoder, TransformerEncoder, TransformerLayer, type TransformerOptions } from './transformer.js';
export { AdamW, type AdamWOptions, type AdamWState } from './adamw.js';
export { scheduleFactor, scheduleNames, type ScheduleName, type ScheduleOptions } from './schedules.js';
