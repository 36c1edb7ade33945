export { EngineError, type Engine } from './engine.js';
export { engineNames, type EngineName } from './engine-names.js';
export { checkNative } from './native/check.js';
export { cudaMachine, type CudaMachine } from './native/cuda-machine.js';
export { nativeFolder, readManifest, type NativeKind, type NativeManifest } from './native/folder.js';
export { SetUpError } from './native/set-up-error.js';
export { removeNative, setUpNative, type SetUpOptions, type SetUpResult } from './native/set-up.js';
export { startEngine, tryEngines, type EngineAttempt, type StartOptions } from './start-engine.js';
