import { availableParallelism } from 'node:os';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { registerFastKernels, registerPlainKernels } from '../kernels/wasm/register.js';
import { patchThreads } from '../kernels/wasm/shared-memory.js';
import { KernelThreadPool } from '../kernels/wasm/thread-pool.js';
import { wasmBackend } from '../kernels/wasm/wasm-backend.js';
import type { SharedMemory } from '../kernels/wasm/web-assembly.js';
import { createEngine, EngineError, firstLine, type Engine } from './engine.js';
import type { KernelChoice } from './kernel-mode.js';
import { useBackend } from './use-backend.js';

const require = createRequire(import.meta.url);

/** The heap ends at 4 GiB and a failed allocation goes unnoticed: tensors then overwrite each other. */
const trustedHeapBytes = 3 * 2 ** 30;

/** What the wasm engine of this process was started with. */
let started: { engine: Engine; kernels: KernelChoice['kernels'] } | undefined;

/**
 * Starts the wasm backend with our own kernels in its memory, or as it is shipped. A process has one: a second call gives the same
 * engine, and other options are refused.
 */
export async function startWasm(threads: number | undefined, choice: KernelChoice): Promise<Engine> {
  if (started) {
    checkSame(started, threads, choice);
    await useBackend('wasm', 'wasm');
    return started.engine;
  }
  if ('wasm' in tf.engine().registry)
    throw new EngineError(
      'wasm',
      'other code has started its TensorFlow.js backend already',
      'start the engine before anything else uses the backend wasm',
    );
  const wasm = await import('@tensorflow/tfjs-backend-wasm');
  wasm.setWasmPaths(`${join(dirname(require.resolve('@tensorflow/tfjs-backend-wasm/package.json')), 'dist')}/`);
  const factory = tf.findBackendFactory('wasm');
  try {
    const engine = choice.kernels === 'plain' ? await startPlain(choice) : await startFast(threads, wasm);
    started = { engine, kernels: choice.kernels };
    return engine;
  } catch (error) {
    // A later call starts anew.
    tf.removeBackend('wasm');
    tf.registerBackend('wasm', factory, 2);
    throw error;
  }
}

function checkSame(
  { engine, kernels }: NonNullable<typeof started>,
  threads: number | undefined,
  choice: KernelChoice,
): void {
  const differs =
    threads !== undefined && threads !== engine.threads
      ? `threads ${threads}`
      : choice.chosenBy !== undefined && choice.kernels !== kernels
        ? choice.chosenBy
        : undefined;
  if (differs)
    throw new EngineError(
      'wasm',
      `it runs in this process with ${engine.threads} ${engine.threads === 1 ? 'thread' : 'threads'} and kernels '${kernels}', and cannot be started again with ${differs}`,
      'leave the option out, or start another process',
    );
}

async function startPlain({ chosenBy }: KernelChoice): Promise<Engine> {
  await useBackend('wasm', 'wasm');
  registerPlainKernels();
  return createEngine({
    name: 'wasm',
    backend: 'wasm',
    description: 'WebAssembly with SIMD as shipped, 1 thread',
    threads: 1,
    memoryLimitBytes: trustedHeapBytes,
    kernels: 'plain',
    reason: `${chosenBy}: the shipped backend, with the gradients that it lacks and what it computes wrong replaced`,
    captureReason: 'the engine wasm has no step capture',
  });
}

async function startFast(
  threads = Math.min(availableParallelism(), 8),
  wasm: typeof import('@tensorflow/tfjs-backend-wasm'),
): Promise<Engine> {
  const patched = patchThreads();
  tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', true);
  wasm.setThreadsCount(1);
  try {
    await useBackend('wasm', 'wasm');
    // The first operation makes the binary start its threads.
    tf.tidy(() => tf.matMul(tf.ones([64, 64]), tf.ones([64, 64])).dataSync());
  } finally {
    patched.restore();
  }
  registerFastKernels(startThreads(patched.memory(), threads));
  return createEngine({
    name: 'wasm',
    backend: 'wasm',
    description: `WebAssembly with SIMD, ${threads} ${threads === 1 ? 'thread' : 'threads'}`,
    threads,
    memoryLimitBytes: trustedHeapBytes,
    kernels: 'fast',
    reason: 'our own kernels run in the memory of the backend',
    captureReason: 'the engine wasm has no step capture',
  });
}

function startThreads(memory: SharedMemory | undefined, threads: number): KernelThreadPool {
  if (!memory)
    throw new EngineError(
      'wasm',
      'its memory cannot be shared between threads here',
      "start it with kernels: 'plain', or use a newer Node",
    );
  try {
    return new KernelThreadPool(memory, wasmBackend(), threads);
  } catch (error) {
    throw new EngineError(
      'wasm',
      `its own kernels could not be loaded: ${firstLine(error)}`,
      "run npm run build, or start it with kernels: 'plain'",
    );
  }
}
