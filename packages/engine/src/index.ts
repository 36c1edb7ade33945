export { EngineError, type Engine } from './engine.js';
export { engineNames, type EngineName } from './engine-names.js';
export { checkNative } from './set-up/check-native.js';
export { cudaMachine, type CudaMachine } from './set-up/cuda-machine.js';
export {
  cacheFolder,
  bindingRevision,
  readManifest,
  removeSetUp,
  setUpFolder,
  type NativeKind,
  type NativeManifest,
  type SetUpKind,
} from './set-up/folder.js';
export { SetUpError } from './set-up/set-up-error.js';
export { setUpNative, type SetUpOptions, type SetUpResult } from './set-up/set-up-native.js';
export { setUpWebgpu, type WebgpuManifest } from './set-up/set-up-webgpu.js';
export { startEngine, tryEngines, type EngineAttempt, type StartOptions } from './start-engine.js';
