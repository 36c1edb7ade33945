export { CollapseError } from './collapse.js';
export type { EncoderChoice, PretrainingEpoch, PretrainingSettings, PretrainOptions } from './options.js';
export { pretrain, type PretrainResult } from './pretrain.js';
export { vicregLoss, type VicregWeights } from './vicreg.js';
