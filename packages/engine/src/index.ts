export { EngineError, type Engine, type EngineDescription, type KernelMode } from './start/engine.js';
export { engineNames, type EngineName } from './start/engine-names.js';
export { cacheFolder } from './start/set-up-folder.js';
export { startedEngine, startEngine, tryEngines, type EngineAttempt, type StartOptions } from './start/start-engine.js';
export { tfjsVersion } from './start/tfjs-version.js';
