import * as tf from '@tensorflow/tfjs-core';
import { fastForms, useFastForms } from '../src/index.js';

describe('fastForms()', () => {
  it('has what was registered for the backend that runs, and nothing of another', () => {
    const columnSums = () => {
      throw new Error('never called');
    };
    const backend = new tf.KernelBackend();
    backend.dispose = () => {};
    for (const name of ['first', 'second']) tf.registerBackend(name, () => backend);
    useFastForms('first', { columnSums });
    tf.setBackend('first');
    expect(fastForms()).toEqual({ columnSums });
    tf.setBackend('second');
    expect(fastForms()).toEqual({});
  });
});
