import * as tf from '@tensorflow/tfjs-core';
// tfjs-core alone has no gradients in Node; loading tfjs-layers registers them.
import '@tensorflow/tfjs-layers';
import { EngineError, firstLine, type Engine } from './engine.js';
import { engineNames, type EngineName } from './engine-names.js';
import { cudaMachine } from './set-up/cuda-machine.js';
import { bindingRevision, setUpFolder, type NativeKind } from './set-up/folder.js';
import { loadedNative, loadNative, prepareTensorflow } from './set-up/load-native.js';
import { useTensorflowForms } from './tensorflow/fast-forms.js';
import { startWasm } from './start-wasm.js';
import { startWebgpu } from './start-webgpu.js';

/** How an engine is started. */
export interface StartOptions {
  /** Threads for `wasm`; all processors (at most 8) unless given. */
  threads?: number;
  /**
   * Whether `webgpu` may take an adapter that computes on the processor, such as SwiftShader. Default: where it is asked for by
   * name; `auto` never does.
   */
  softwareGpu?: boolean;
}

/** The outcome of trying one engine. */
export interface EngineAttempt {
  name: EngineName;
  engine?: Engine;
  error?: EngineError;
}

/**
 * Starts an engine; every TensorFlow.js operation of the process computes on it from then on.
 *
 * @param name an engine, or `auto`: the first of cuda, webgpu, native, wasm and cpu that starts.
 * @throws {EngineError} if the engine does not start: why, and what to do. `auto` throws only if none starts.
 *
 * @example
 * const engine = await startEngine('auto');
 * console.log(engine.description); // WebAssembly with SIMD, 2 threads
 */
export async function startEngine(name: EngineName | 'auto' = 'auto', options: StartOptions = {}): Promise<Engine> {
  if (name !== 'auto') return starters[name]({ softwareGpu: true, ...options });
  const attempts = await tryEngines({ ...options, untilFirst: true });
  const engine = attempts.find((attempt) => attempt.engine)?.engine;
  if (!engine) throw attempts[attempts.length - 1].error;
  return engine;
}

/** Tries the engines in the order of `auto`, all, some, or until one starts; the last one that started is in use. */
export async function tryEngines({
  untilFirst = false,
  only = engineNames,
  ...options
}: StartOptions & { untilFirst?: boolean; only?: readonly EngineName[] } = {}): Promise<EngineAttempt[]> {
  const attempts: EngineAttempt[] = [];
  for (const name of engineNames.filter((one) => only.includes(one))) {
    try {
      attempts.push({ name, engine: await starters[name](options) });
      if (untilFirst) break;
    } catch (error) {
      attempts.push({ name, error: error instanceof EngineError ? error : unexpected(name, error) });
    }
  }
  return attempts;
}

const starters: Record<EngineName, (options: StartOptions) => Promise<Engine>> = {
  cuda: startCuda,
  webgpu: ({ softwareGpu = false }) => startWebgpu(softwareGpu),
  native: startNative,
  wasm: ({ threads }) => startWasm(threads),
  cpu: startCpu,
};

async function startCpu(): Promise<Engine> {
  await import('@tensorflow/tfjs-backend-cpu');
  await use('cpu', 'cpu');
  // It would print an advertisement for tfjs-node on its first use.
  (tf.backend() as unknown as { firstUse: boolean }).firstUse = false;
  return { name: 'cpu', description: 'plain JavaScript, for reference values', threads: 1, memoryLimitBytes: Infinity };
}

async function startNative(): Promise<Engine> {
  const version = await loadTensorFlow(
    'native',
    ['native', 'gpu'],
    'run npm run setup:native (cxr-align setup native)',
  );
  return {
    name: 'native',
    description: `TensorFlow ${version} on ${isOnGpu() ? 'CUDA' : 'the CPU'}`,
    threads: 1,
    memoryLimitBytes: Infinity,
  };
}

async function startCuda(): Promise<Engine> {
  const mend = 'run npm run setup:gpu (cxr-align setup gpu), on a machine with an NVIDIA driver';
  const version = await loadTensorFlow('cuda', ['gpu'], mend);
  if (!isOnGpu()) {
    const { driver, devices } = cudaMachine();
    const machine =
      driver === null
        ? 'no NVIDIA driver answers (nvidia-smi)'
        : `driver ${driver} has ${devices.map(({ name }) => name).join(', ')}`;
    throw new EngineError(
      'cuda',
      `TensorFlow ${version} finds no CUDA device: ${machine}`,
      driver === null
        ? 'use a machine with an NVIDIA driver'
        : 'see what TensorFlow says of it: TF_CPP_MIN_LOG_LEVEL=0',
    );
  }
  return { name: 'cuda', description: `TensorFlow ${version} on CUDA`, threads: 1, memoryLimitBytes: Infinity };
}

function isOnGpu(): boolean {
  return (tf.backend() as unknown as { isUsingGpuDevice?: boolean }).isUsingGpuDevice ?? false;
}

/**
 * Starts the first TensorFlow that loads, of those that were set up and then of those that are installed, and gives back its
 * version. A process has one: what is loaded first stays.
 *
 * @throws {EngineError} with the reasons of all.
 */
async function loadTensorFlow(engine: EngineName, kinds: readonly NativeKind[], mend: string): Promise<string> {
  const errors: string[] = [];
  const folders = kinds.map(setUpFolder);
  // The one that this process has is the only one that it can have.
  const first = folders.filter((folder) => folder === loadedNative());
  for (const folder of [...first, ...folders]) {
    try {
      const manifest = loadNative(folder);
      if (!manifest) errors.push(`${folder}: not set up`);
      else {
        await use(engine, 'tensorflow');
        useTensorflowForms({ onGpu: isOnGpu(), isOurs: manifest.revision === bindingRevision });
        return manifest.tensorflow;
      }
    } catch (error) {
      errors.push(`${folder}: ${firstLine(error)}`);
    }
  }
  for (const kind of kinds) {
    prepareTensorflow(kind);
    const version = await loadInstalled(kind === 'gpu' ? '@tensorflow/tfjs-node-gpu' : '@tensorflow/tfjs-node', errors);
    if (version) {
      await use(engine, 'tensorflow');
      useTensorflowForms({ onGpu: isOnGpu(), isOurs: false });
      return version;
    }
  }
  throw new EngineError(engine, errors.join('; '), mend);
}

/** The version of the TensorFlow library behind an installed binding, or undefined with the reason in `errors`. */
async function loadInstalled(binding: string, errors: string[]): Promise<string | undefined> {
  try {
    const module = (await import(binding)) as {
      default?: { version?: Record<string, string> };
      version?: Record<string, string>;
    };
    return (module.version ?? module.default?.version)?.['tensorflow'] ?? 'of unknown version';
  } catch (error) {
    errors.push(`${binding}: ${firstLine(error)}`);
    return undefined;
  }
}

async function use(name: EngineName, backend: string): Promise<void> {
  if (!(await tf.setBackend(backend))) {
    throw new EngineError(name, `the backend ${backend} could not be started`, 'use --engine wasm');
  }
  await tf.ready();
}

function unexpected(name: EngineName, error: unknown): EngineError {
  return new EngineError(name, firstLine(error), 'use another engine');
}
