import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { threadWorkerClass, type WorkerThreads } from './thread-worker.js';
import type { SharedMemory } from './web-assembly.js';

const require = createRequire(import.meta.url);

/** The patches of Node's modules while the threaded binary starts. */
export interface PatchedThreads {
  /** The memory that the backend and its threads share, once they have started. */
  memory: () => SharedMemory | undefined;
  /** Restores Node's own functions, and lets the process end while the workers live. */
  restore: () => void;
}

/**
 * Lets the wasm backend run its threaded binary in Node, where TensorFlow.js 4.22 never does: the binary starts its workers from
 * `blob:` addresses, which Node cannot load. Our own kernels and their threads share its memory. Its own threads, half as many as it
 * sees processors, get no work: they would spin after each operation and keep ours from running.
 *
 * Call it before the backend is initialised, and `restore` afterwards, whether it started or not.
 */
export function patchThreads(): PatchedThreads {
  const workerThreads = require('node:worker_threads') as WorkerThreads;
  const os = require('node:os') as typeof import('node:os');
  const folder = dirname(require.resolve('@tensorflow/tfjs-backend-wasm/package.json'));
  const { Worker: ownWorker } = workerThreads;
  const { cpus: ownCpus } = os;
  let memory: SharedMemory | undefined;
  const started: InstanceType<WorkerThreads['Worker']>[] = [];
  workerThreads.Worker = threadWorkerClass(ownWorker, {
    gluePath: join(folder, 'wasm-out', 'tfjs-backend-wasm-threaded-simd.js'),
    workerText: (
      require(join(folder, 'wasm-out', 'tfjs-backend-wasm-threaded-simd.worker.js')) as { wasmWorkerContents: string }
    ).wasmWorkerContents,
    folder: join(folder, 'dist'),
    onStart: (worker) => started.push(worker),
    onMemory: (one) => (memory = one),
  });
  const processor = ownCpus()[0];
  os.cpus = () => [processor, processor];
  return {
    memory: () => memory,
    restore: () => {
      workerThreads.Worker = ownWorker;
      os.cpus = ownCpus;
      for (const worker of started) {
        worker.unref();
        worker.ref = () => {};
      }
    },
  };
}
