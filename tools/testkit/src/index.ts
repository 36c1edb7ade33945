export { describeBackends } from './backends.js';
export { expectClose, numbersOf } from './close.js';
export { expectGradient, gradientOf } from './gradient.js';
export { expectNoLeak } from './leak.js';
export { sharedFolder, itWithShared } from './shared.js';
export { describeWithOnnx, describeWithPackages } from './optional-packages.js';
export { averagePoolModel, operationsModel, tokenNumberModel, wordTokenizer } from './tiny-onnx.js';
export { itWithPrograms } from './programs.js';
