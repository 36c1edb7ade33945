import { startCpu } from './start-cpu.js';
import { EngineError, firstLine, type Engine, type KernelMode } from './engine.js';
import { engineNames, type EngineName } from './engine-names.js';
import { chosenKernels, type KernelChoice } from './kernel-mode.js';
import { startCuda, startNative } from './start-tensorflow.js';
import { startWasm } from './start-wasm.js';
import { startWebgpu } from './start-webgpu.js';

/** How an engine is started. */
export interface StartOptions {
  /** Threads of our own kernels on `wasm`, 1 to 256. Default all processors, at most 8. */
  threads?: number;
  /**
   * `plain` computes with the backend as it is shipped: no kernels, fused operations, threads or step capture of ours, only the
   * gradients that it lacks. Default the environment variable CXR_ALIGN_KERNELS, else `fast`.
   */
  kernels?: KernelMode;
  /**
   * Whether `webgpu` may take an adapter that computes on the CPU, such as SwiftShader. Default true where it is started by name;
   * `auto` never does.
   */
  softwareGpu?: boolean;
  /**
   * Whether products may be computed in TF32 while a training sets that: on CUDA devices of compute capability 8.0 and newer. It has
   * to be known before TensorFlow is loaded. Default false; products are float32 until TF32 is set.
   */
  tf32?: boolean;
}

let started: Engine | undefined;

/** The engine that was started last; undefined if none was. */
export function startedEngine(): Engine | undefined {
  return started;
}

/** The outcome of trying one engine. */
export interface EngineAttempt {
  name: EngineName;
  engine?: Engine;
  error?: EngineError;
}

/**
 * Starts an engine; every TensorFlow.js operation of the process computes on it from then on. Calls run one after the other. An engine
 * that runs already is given back; one that runs with other options is refused, since a process can have each backend once.
 *
 * @param name an engine, or `auto`: the first of cuda, webgpu, native, wasm and cpu that starts.
 * @throws {EngineError} if the engine does not start, with `reason` and `hint`. `auto` throws only if none starts; where it gets down to
 * `cpu` because wasm does not start either, Node prints a warning (`CXR_ALIGN_SLOW_ENGINE`).
 * @throws {RangeError} if an option or CXR_ALIGN_KERNELS has no valid value.
 *
 * @example
 * const engine = await startEngine('auto');
 * console.log(engine.description); // WebAssembly with SIMD, 2 threads
 */
export function startEngine(name: EngineName | 'auto' = 'auto', options: StartOptions = {}): Promise<Engine> {
  return inTurn(async () => {
    const choice = checked(name, options);
    if (name !== 'auto') return startOne(name, { softwareGpu: true, ...options }, choice);
    const attempts = await tryAll(engineNames, options, choice, true);
    const engine = attempts.find((attempt) => attempt.engine)?.engine;
    if (!engine) throw attempts[attempts.length - 1].error;
    const wasm = attempts.find((attempt) => attempt.name === 'wasm')?.error;
    if (engine.name === 'cpu' && wasm) warnOfSlowEngine(wasm);
    return engine;
  });
}

/** Reports that plain JavaScript computes, which `auto` takes only where an installation is broken. */
function warnOfSlowEngine({ reason, hint }: EngineError): void {
  process.emitWarning(
    `engine/startEngine: auto takes cpu, plain JavaScript and tens of times slower than wasm, which does not start: ${reason}; ${hint}`,
    { code: 'CXR_ALIGN_SLOW_ENGINE' },
  );
}

/**
 * Tries engines in the order of `auto`; the last one that starts is in use.
 *
 * @param options `only` names the engines to try (default all); `untilFirst` stops at the first that starts.
 * @throws {RangeError} as {@link startEngine}.
 */
export function tryEngines({
  untilFirst = false,
  only = engineNames,
  ...options
}: StartOptions & { untilFirst?: boolean; only?: readonly EngineName[] } = {}): Promise<EngineAttempt[]> {
  return inTurn(async () => {
    const names = engineNames.filter((one) => only.includes(one));
    return tryAll(names, options, checked('auto', options), untilFirst);
  });
}

const starters: Record<EngineName, (options: StartOptions, choice: KernelChoice) => Promise<Engine>> = {
  cuda: ({ tf32 }, choice) => startCuda(choice, tf32),
  webgpu: ({ softwareGpu = false }) => startWebgpu(softwareGpu),
  native: ({ tf32 }, choice) => startNative(choice, tf32),
  wasm: ({ threads }, choice) => startWasm(threads, choice),
  cpu: startCpu,
};

async function startOne(name: EngineName, options: StartOptions, choice: KernelChoice): Promise<Engine> {
  // tfjs-core has no gradients in Node of its own; loading tfjs-layers registers them.
  await import('@tensorflow/tfjs-layers');
  started = await starters[name](options, choice);
  return started;
}

async function tryAll(
  names: readonly EngineName[],
  options: StartOptions,
  choice: KernelChoice,
  untilFirst: boolean,
): Promise<EngineAttempt[]> {
  const attempts: EngineAttempt[] = [];
  for (const name of names) {
    try {
      attempts.push({ name, engine: await startOne(name, options, choice) });
      if (untilFirst) break;
    } catch (error) {
      attempts.push({
        name,
        error: error instanceof EngineError ? error : new EngineError(name, firstLine(error), 'use another engine'),
      });
    }
  }
  return attempts;
}

/** Checks the options. @returns the kernels to use. */
function checked(name: string, { threads, kernels }: StartOptions): KernelChoice {
  const names: readonly string[] = [...engineNames, 'auto'];
  if (!names.includes(name))
    throw new RangeError(`engine/startEngine: expected an engine (${names.join(', ')}), got ${name}; try auto`);
  const choice = chosenKernels(kernels);
  if (threads !== undefined && !(Number.isInteger(threads) && threads >= 1 && threads <= 256))
    throw new RangeError(
      `engine/startEngine: expected threads to be a whole number from 1 to 256, got ${threads}; leave it out for all processors`,
    );
  if (threads !== undefined && threads > 1 && choice.kernels === 'plain' && ['auto', 'wasm'].includes(name))
    throw new RangeError(
      `engine/startEngine: expected no threads with plain kernels, got ${threads}; the shipped wasm backend has one thread in Node, leave threads out`,
    );
  return choice;
}

/** One chain for the process, even where this package was loaded twice: starting the wasm backend replaces Node's Worker for a moment. */
const turns = globalThis as unknown as Record<symbol, Promise<unknown> | undefined>;
const turn = Symbol.for('cxr-align.engine-start');

function inTurn<T>(start: () => Promise<T>): Promise<T> {
  const result = (turns[turn] ?? Promise.resolve()).then(start, start);
  turns[turn] = result.catch(() => undefined);
  return result;
}
