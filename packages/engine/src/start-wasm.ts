import { availableParallelism } from 'node:os';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { useFastForms } from '@cxr-align/fast-forms';
import * as tf from '@tensorflow/tfjs-core';
import { EngineError, firstLine, type Engine } from './engine.js';
import { useOwnConvolutions } from './wasm/convolutions.js';
import { useCheapCopies } from './wasm/copies.js';
import { takeFusedApart } from './wasm/fused.js';
import { addGradientKernels } from './wasm/gradients.js';
import { OnePassAdamW } from './wasm/one-pass-adamw.js';
import { useOwnProducts } from './wasm/products.js';
import { ownForms } from './wasm/own-forms.js';
import { useFastPoolingGradient } from './wasm/pooling.js';
import { useFastSlices } from './wasm/slices.js';
import { KernelTeam } from './wasm/team.js';
import { prepareThreads } from './wasm/threads.js';
import { wasmBackend } from './wasm/heap.js';
import type { SharedMemory } from './wasm/web-assembly.js';

const require = createRequire(import.meta.url);

/** The heap ends at 4 GiB and a failed allocation goes unnoticed: tensors then overwrite each other. */
const trustedHeapBytes = 3 * 2 ** 30;

let started: Engine | undefined;

/** Starts the wasm backend with our own kernels in its memory, and the gradients that it lacks. */
export async function startWasm(threads = Math.min(availableParallelism(), 8)): Promise<Engine> {
  if (started) {
    await tf.setBackend('wasm');
    return started;
  }
  const wasm = await import('@tensorflow/tfjs-backend-wasm');
  const folder = join(dirname(require.resolve('@tensorflow/tfjs-backend-wasm/package.json')), 'dist');
  wasm.setWasmPaths(`${folder}/`);
  const threaded = prepareThreads();
  tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', true);
  wasm.setThreadsCount(1);
  try {
    if (!(await tf.setBackend('wasm'))) {
      throw new EngineError('wasm', 'its WebAssembly module could not be started', 'use --engine cpu');
    }
    await tf.ready();
    // The first operation makes the binary start its thread pool.
    tf.tidy(() => tf.matMul(tf.ones([64, 64]), tf.ones([64, 64])).dataSync());
  } finally {
    threaded.release();
  }
  const team = startTeam(threaded.memory(), threads);
  useOwnProducts(team);
  useOwnConvolutions(team);
  takeFusedApart();
  useCheapCopies();
  useFastSlices();
  useFastPoolingGradient();
  addGradientKernels();
  useFastForms('wasm', { ...ownForms(team), adamW: (variables, decay) => new OnePassAdamW(team, variables, decay) });
  started = {
    name: 'wasm',
    description: `WebAssembly with SIMD, ${threads} thread${threads === 1 ? '' : 's'}`,
    threads,
    memoryLimitBytes: trustedHeapBytes,
  };
  return started;
}

function startTeam(memory: SharedMemory | undefined, threads: number): KernelTeam {
  if (!memory)
    throw new EngineError(
      'wasm',
      'its memory cannot be shared between threads here',
      'use --engine cpu, or a newer Node',
    );
  try {
    return new KernelTeam(memory, wasmBackend(), threads);
  } catch (error) {
    throw new EngineError('wasm', `its own kernels could not be loaded: ${firstLine(error)}`, 'run npm run build');
  }
}
