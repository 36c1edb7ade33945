export { describeBackends } from './backends.js';
export { expectClose, numbersOf } from './close.js';
export { expectGradient, gradientOf } from './gradient.js';
export { expectNoLeak } from './leak.js';
export { sharedFolder, itWithShared } from './shared.js';
export { describeWithOnnx } from './onnx.js';
export { averagePoolModel } from './tiny-onnx.js';
