export { EngineError, type Engine } from './engine.js';
export { engineNames, type EngineName } from './engine-names.js';
export { startEngine, tryEngines, type EngineAttempt, type StartOptions } from './start-engine.js';
