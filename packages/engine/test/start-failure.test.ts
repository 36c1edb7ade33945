import { createRequire } from 'node:module';
import { jest } from '@jest/globals';
import * as tf from '@tensorflow/tfjs-core';
import { startEngine } from '../src/index.js';

const require = createRequire(import.meta.url);
const workerThreads = require('node:worker_threads') as typeof import('node:worker_threads');
const os = require('node:os') as typeof import('node:os');

describe("startEngine('wasm') that fails", () => {
  it('restores Node, says why, and leaves the other engines usable', async () => {
    const before = [workerThreads.Worker, os.cpus];
    let seen: unknown[] = [];
    // Registered before the backend's own factory, which does not replace it.
    tf.registerBackend('wasm', () => {
      seen = [workerThreads.Worker, os.cpus];
      throw new Error('no WebAssembly today');
    });
    const { warn, error } = console;
    console.warn = console.error = () => {};
    try {
      for (let attempt = 0; attempt < 2; attempt++)
        await expect(startEngine('wasm')).rejects.toThrow(
          /engine\/wasm: does not start: the TensorFlow.js backend wasm/,
        );
    } finally {
      Object.assign(console, { warn, error });
    }
    // The factory ran while Node was patched.
    expect(seen.map((one, i) => one === before[i])).toEqual([false, false]);
    expect([workerThreads.Worker === before[0], os.cpus === before[1]]).toEqual([true, true]);
    const emitted = jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    console.warn = console.error = () => {};
    try {
      // On machines with TensorFlow or a GPU auto takes those.
      const { name } = await startEngine('auto');
      if (name === 'cpu') {
        expect(emitted).toHaveBeenCalledTimes(1);
        expect(emitted.mock.calls[0][0]).toMatch(/auto takes cpu, .*: the TensorFlow.js backend wasm/);
      } else expect(emitted).not.toHaveBeenCalled();
    } finally {
      Object.assign(console, { warn, error });
      emitted.mockRestore();
    }
    expect((await startEngine('cpu')).name).toBe('cpu');
    expect(tf.sum(tf.ones([3])).dataSync()[0]).toBe(3);
  });
});
