import type { SharedMemory } from './web-assembly.js';

/** Node's `worker_threads` module with its class replaceable. */
export interface WorkerThreads {
  Worker: typeof import('node:worker_threads').Worker;
}

/** What a worker of the threaded wasm binary needs. */
export interface ThreadWorkerOptions {
  gluePath: string;
  workerText: string;
  folder: string;
  onStart: (worker: import('node:worker_threads').Worker) => void;
  /** Called with the memory that the threads share. */
  onMemory: (memory: SharedMemory) => void;
}

/** A `Worker` that runs the text of the binary's worker script where it is given the `blob:` address of it. */
export function threadWorkerClass(
  Base: WorkerThreads['Worker'],
  { gluePath, workerText, folder, onStart, onMemory }: ThreadWorkerOptions,
): WorkerThreads['Worker'] {
  const globals = `global.__dirname=${JSON.stringify(folder)};global.__filename=${JSON.stringify(gluePath)};\n`;
  return class extends Base {
    private readonly runsKernels: boolean;

    constructor(address: string | URL, options?: import('node:worker_threads').WorkerOptions) {
      const isBlob = String(address).startsWith('blob:');
      if (isBlob) super(globals + workerText.replace(/\n/g, '\\n'), { ...options, eval: true, execArgv: [] });
      else super(address, options);
      this.runsKernels = isBlob;
      if (isBlob) onStart(this);
    }

    override postMessage(
      message: { cmd?: string; wasmMemory?: SharedMemory },
      transfer?: readonly import('node:worker_threads').TransferListItem[],
    ): void {
      if (message?.wasmMemory) onMemory(message.wasmMemory);
      super.postMessage(
        this.runsKernels && message?.cmd === 'load' ? { ...message, urlOrBlob: gluePath } : message,
        transfer,
      );
    }
  };
}
