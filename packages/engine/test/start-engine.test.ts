import * as tf from '@tensorflow/tfjs-core';
import { EngineError, startEngine, tryEngines } from '../src/index.js';

describe('startEngine(name)', () => {
  it('starts cpu and wasm and computes on them', async () => {
    for (const name of ['cpu', 'wasm'] as const) {
      const engine = await startEngine(name);
      expect(engine.name).toBe(name);
      expect(tf.getBackend()).toBe(name);
      expect([...tf.matMul(tf.tensor2d([[1, 2]]), tf.tensor2d([[3], [4]])).dataSync()]).toEqual([11]);
    }
  });
  it('finds gradients on every engine', async () => {
    await startEngine('cpu');
    expect([
      ...tf
        .grad((x) => tf.sum(tf.square(x)))(tf.tensor1d([3]))
        .dataSync(),
    ]).toEqual([6]);
  });
});

describe('tryEngines()', () => {
  it('says for each engine that it starts, or why not and what to do', async () => {
    const attempts = await tryEngines();
    expect(attempts.map(({ name }) => name)).toEqual(['cuda', 'webgpu', 'native', 'wasm', 'cpu']);
    for (const { engine, error } of attempts) {
      if (engine) expect(engine.description).not.toBe('');
      else {
        expect(error).toBeInstanceOf(EngineError);
        expect(error!.reason).not.toBe('');
        expect(error!.mend).not.toBe('');
      }
    }
    expect(attempts.find(({ name }) => name === 'wasm')?.engine).toBeDefined();
  });
});
