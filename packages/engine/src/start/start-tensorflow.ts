import * as tf from '@tensorflow/tfjs-core';
import { registerTensorflowKernels } from '../kernels/tensorflow/register.js';
import { cudaMachine } from './cuda-machine.js';
import type { EngineName } from './engine-names.js';
import { createEngine, EngineError, firstLine, type Engine, type KernelMode } from './engine.js';
import { settleKernels, type KernelChoice } from './kernel-mode.js';
import { loadBinding, loadedFolder, prepareTensorflow, quietly } from './load-binding.js';
import { bindingRevisions, setUpFolder, type NativeKind } from './set-up-folder.js';
import { tensorFloat32Facts } from './tensor-float-32.js';
import { useBackend } from './use-backend.js';

/** The TensorFlow that was loaded. */
interface LoadedTensorflow {
  version: string;
  /** Whether the binding was built with the kernels of this version. */
  isOwnBinding: boolean;
  kernels: KernelMode;
}

/** What a TensorFlow is loaded with. */
interface TensorflowOptions {
  choice: KernelChoice;
  /** Whether products may be in TF32 while that is set. */
  tf32: boolean;
}

/** Starts TensorFlow, on a CUDA device where the one that was set up has one. */
export async function startNative(choice: KernelChoice, tf32 = false): Promise<Engine> {
  const kinds: NativeKind[] = ['native', 'gpu'];
  const hint = 'run npm run setup:native (cxr-align setup native)';
  const loaded = await loadTensorflow('native', kinds, hint, { choice, tf32 });
  return tensorflowEngine('native', loaded, choice);
}

/** Starts TensorFlow on a CUDA device. */
export async function startCuda(choice: KernelChoice, tf32 = false): Promise<Engine> {
  const hint = 'run npm run setup:gpu (cxr-align setup gpu), on a machine with an NVIDIA driver';
  const loaded = await loadTensorflow('cuda', ['gpu'], hint, { choice, tf32 });
  if (isOnGpu()) return tensorflowEngine('cuda', loaded, choice);
  const { driver, devices } = cudaMachine();
  const machine =
    driver === null
      ? 'no NVIDIA driver answers (nvidia-smi)'
      : `driver ${driver} has ${devices.map(({ name }) => name).join(', ')}`;
  throw new EngineError(
    'cuda',
    `TensorFlow ${loaded.version} finds no CUDA device: ${machine}`,
    driver === null ? 'use a machine with an NVIDIA driver' : 'read its messages with TF_CPP_MIN_LOG_LEVEL=0',
  );
}

function tensorflowEngine(name: EngineName, loaded: LoadedTensorflow, { chosenBy }: KernelChoice): Engine {
  const { kernels } = loaded;
  const onGpu = isOnGpu();
  const otherBinding = `the binding was installed from npm or built by another version; run cxr-align setup ${onGpu ? 'gpu' : 'native'}`;
  const plain = `${chosenBy ?? 'chosen when the backend was first started'}: the operations of TensorFlow.js alone`;
  const fast = loaded.isOwnBinding
    ? `the binding was built by this version${onGpu ? '; a device has the kernels of TensorFlow, and none of ours' : ', with our own kernels'}`
    : `faster operations of TensorFlow only, since ${otherBinding}`;
  return createEngine({
    name,
    backend: 'tensorflow',
    description: `TensorFlow ${loaded.version} on ${onGpu ? 'CUDA' : 'the CPU'}`,
    threads: 1,
    memoryLimitBytes: Infinity,
    kernels,
    reason: kernels === 'plain' ? plain : fast,
    captureReason:
      kernels === 'plain' ? plain : loaded.isOwnBinding ? 'the binding can run a step as one function' : otherBinding,
  });
}

function isOnGpu(): boolean {
  return (tf.backend() as unknown as { isUsingGpuDevice?: boolean }).isUsingGpuDevice ?? false;
}

/**
 * Starts the first TensorFlow that loads: of those that were set up, then of those that are installed. A process has one; the first
 * that loads stays.
 *
 * @throws {EngineError} with the reasons of all.
 */
async function loadTensorflow(
  engine: EngineName,
  kinds: readonly NativeKind[],
  hint: string,
  { choice, tf32 }: TensorflowOptions,
): Promise<LoadedTensorflow> {
  const reasons: string[] = [];
  const folders = kinds.map(setUpFolder);
  const present = folders.filter((folder) => folder === loadedFolder());
  for (const folder of [...present, ...folders]) {
    const loaded = await attempt(folder, reasons, async () => {
      const manifest = loadBinding(folder, { tf32 });
      if (!manifest) throw new Error('not set up');
      return start(engine, choice, manifest.tensorflow, manifest.revision === bindingRevisions[manifest.kind]);
    });
    if (loaded) return loaded;
  }
  for (const kind of kinds) {
    prepareTensorflow(kind);
    const binding = kind === 'gpu' ? '@tensorflow/tfjs-node-gpu' : '@tensorflow/tfjs-node';
    const loaded = await attempt(binding, reasons, async () =>
      start(engine, choice, await installedVersion(binding), false),
    );
    if (loaded) return loaded;
  }
  throw new EngineError(engine, reasons.join('; '), hint);
}

/** Runs `load`; undefined, and a reason more, where it fails. An error about the choice of kernels is thrown. */
async function attempt(
  where: string,
  reasons: string[],
  load: () => Promise<LoadedTensorflow>,
): Promise<LoadedTensorflow | undefined> {
  try {
    return await load();
  } catch (error) {
    if (error instanceof EngineError) throw error;
    reasons.push(`${where}: ${firstLine(error)}`);
    return undefined;
  }
}

async function start(
  engine: EngineName,
  choice: KernelChoice,
  version: string,
  isOwnBinding: boolean,
): Promise<LoadedTensorflow> {
  await useBackend(engine, 'tensorflow');
  const { kernels, isFirst } = settleKernels(engine, 'tensorflow', choice);
  if (isFirst && kernels === 'fast') {
    const onGpu = isOnGpu();
    registerTensorflowKernels({ onGpu, isOwnBinding, quietly, ...tensorFloat32Facts(onGpu) });
  }
  return { version, isOwnBinding, kernels };
}

/** The version of the TensorFlow library behind an installed binding. */
async function installedVersion(binding: string): Promise<string> {
  const module = (await import(binding)) as {
    default?: { version?: Record<string, string> };
    version?: Record<string, string>;
  };
  return (module.version ?? module.default?.version)?.['tensorflow'] ?? 'of unknown version';
}
