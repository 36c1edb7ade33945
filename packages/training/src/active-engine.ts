import { startedEngine, type Engine } from '@cxr-align/engine';

/** The engine that was started last. @throws {Error} if none was: tensors would have nothing to compute on. */
export function activeEngine(where: string): Engine {
  const engine = startedEngine();
  if (engine === undefined)
    throw new Error(`${where}: expected a started engine, got none; call await startEngine('auto') first`);
  return engine;
}
