import * as tf from '@tensorflow/tfjs-core';
import { fusedOps, registerFusedOps } from '../src/index.js';

describe('fusedOps()', () => {
  it('returns what was registered for the current backend, and nothing of another', () => {
    const columnSums = () => {
      throw new Error('never called');
    };
    const backend = new tf.KernelBackend();
    backend.dispose = () => {};
    for (const name of ['first', 'second']) tf.registerBackend(name, () => backend);
    registerFusedOps('first', { columnSums });
    tf.setBackend('first');
    expect(fusedOps()).toEqual({ columnSums });
    tf.setBackend('second');
    expect(fusedOps()).toEqual({});
  });
});
