import * as tf from '@tensorflow/tfjs-core';
import { createEngine, type Engine } from './engine.js';
import { useBackend } from './use-backend.js';

/** Starts the backend of plain JavaScript. */
export async function startCpu(): Promise<Engine> {
  await import('@tensorflow/tfjs-backend-cpu');
  await useBackend('cpu', 'cpu');
  // It would print an advertisement for tfjs-node on its first use.
  (tf.backend() as unknown as { firstUse: boolean }).firstUse = false;
  return createEngine({
    name: 'cpu',
    backend: 'cpu',
    description: 'plain JavaScript, for reference values',
    threads: 1,
    memoryLimitBytes: Infinity,
    kernels: 'plain',
    reason: 'the engine cpu has no kernels of ours',
    captureReason: 'the engine cpu has no step capture',
  });
}
