import * as tf from '@tensorflow/tfjs-core';
import type { EngineName } from './engine-names.js';
import { EngineError } from './engine.js';

/** Makes a TensorFlow.js backend the current one. @throws {EngineError} if it does not start. */
export async function useBackend(engine: EngineName, backend: string): Promise<void> {
  if (!(await tf.setBackend(backend)))
    throw new EngineError(
      engine,
      `the TensorFlow.js backend ${backend} does not start`,
      engine === 'cpu' ? 'reinstall @tensorflow/tfjs-backend-cpu' : 'use the engine wasm or cpu',
    );
  await tf.ready();
}
