import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { constants } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import {
  bindingFile,
  bindingRevisions,
  stderrBufferFile,
  readManifest,
  type NativeKind,
  type NativeManifest,
} from './set-up-folder.js';
import { exposeTfjs } from './shared-tfjs.js';
import { xlaCacheFolder } from './xla-cache.js';

let loaded: { folder: string; manifest: NativeManifest } | undefined;

/**
 * Loads a binding that `setUpNative` made, and registers its backend as `tensorflow`. A process can have one.
 *
 * @param options `tf32`: whether products may be in TF32 while that is set. Default false.
 * @returns undefined where nothing is set up.
 * @throws {Error} if it is there and does not load: a library that is missing, one that lacks a symbol, or another that was
 * loaded before.
 */
export function loadBinding(folder: string, { tf32 = false } = {}): NativeManifest | undefined {
  if (loaded?.folder === folder) return loaded.manifest;
  const manifest = readManifest(folder);
  if (!manifest) return undefined;
  if (loaded) throw new Error(`this process has the TensorFlow of ${loaded.folder}, and can have no other`);
  const hasSwitch = manifest.revision === bindingRevisions[manifest.kind];
  prepareTensorflow(manifest.kind, { tf32: tf32 && hasSwitch });
  prepareXla(folder, manifest);
  exposeTfjs();
  const require = createRequire(join(folder, 'binding', 'package.json'));
  const binding = withoutInfoMessages(stderrBufferFile(folder), () => dlopen(bindingFile(folder)));
  (binding as { tensorFloat32?: (on: boolean) => unknown }).tensorFloat32?.(false);
  require('./dist/register_all_kernels.js');
  const { NodeJSKernelBackend } = require('./dist/nodejs_kernel_backend.js') as {
    NodeJSKernelBackend: new (binding: unknown, name: string) => tf.KernelBackend;
  };
  if (tf.findBackendFactory('tensorflow')) tf.removeBackend('tensorflow');
  tf.registerBackend('tensorflow', () => new NodeJSKernelBackend(binding, '@tensorflow/tfjs-node'), 0);
  loaded = { folder, manifest };
  return manifest;
}

/**
 * Sets the variables that TensorFlow and NVIDIA's libraries read when they are loaded; those that are set already stay.
 *
 * @param options `tf32`: whether products may be in TF32 while TensorFlow's own switch is on. Default false.
 */
export function prepareTensorflow(kind: NativeKind, { tf32 = false } = {}): void {
  const { env } = process;
  // No information messages of TensorFlow, which every process would print.
  env.TF_CPP_MIN_LOG_LEVEL ??= '2';
  env.TF_FORCE_GPU_ALLOW_GROWTH ??= 'true';
  if (kind === 'native') return;
  // On devices with TF32, products of float32 would have 10 bits of mantissa; and sums would be added up in any order.
  if (!tf32) env.NVIDIA_TF32_OVERRIDE ??= '0';
  env.TF_DETERMINISTIC_OPS ??= '1';
}

/**
 * Sets what XLA reads once, when the library is loaded: where libdevice and ptxas are, that a device adds numbers up in the same
 * order each time, and where compiled functions are kept. A flag that a version does not know ends the process, so others than the
 * tried one get none.
 */
function prepareXla(folder: string, manifest: NativeManifest): void {
  // A manifest of another time may lack it: loading reports what is wrong.
  if (!(manifest.tensorflow as string | undefined)?.startsWith('2.21.')) return;
  const { env } = process;
  const compiler = join(folder, 'deps', 'nvidia', 'cuda_nvcc');
  if (manifest.kind === 'gpu' && existsSync(compiler))
    env.XLA_FLAGS ??= `--xla_gpu_cuda_data_dir=${compiler} --xla_gpu_deterministic_ops=true`;
  if (env.TF_XLA_FLAGS !== undefined) return;
  const cache = xlaCacheFolder(folder, manifest);
  if (cache !== undefined) env.TF_XLA_FLAGS = `--tf_xla_persistent_cache_directory=${cache}`;
}

/** The folder of the TensorFlow that this process has loaded, if any. */
export function loadedFolder(): string | undefined {
  return loaded?.folder;
}

/** Loads an addon and resolves all its symbols: a missing one is named now, not in the middle of a training. */
function dlopen(file: string): Record<string, unknown> {
  const module = { exports: {} };
  process.dlopen(module, file, constants.dlopen.RTLD_NOW);
  return module.exports;
}

const infoMessage =
  /^(WARNING: All log messages before absl::InitializeLog|I\d{4} |To enable the following instructions)/;

/**
 * What TensorFlow calls errors where it reads a function that XLA compiled before: that the file is binary, and that the processor
 * lacks two preferences of the compiler, which are no instructions.
 */
const cacheMessage =
  /^E\d{4} .*(text_format\.cc.* tensorflow\.XlaSerializedCacheEntry: |cpu_aot_loader\.cc.* Target machine feature \+prefer-no-(scatter|gather) )/;

/** Runs what makes TensorFlow write information messages for the first time, without them. */
export function quietly<T>(work: () => T): T {
  return loaded ? withoutInfoMessages(stderrBufferFile(loaded.folder), work) : work();
}

/**
 * Hides the information messages that TensorFlow writes while it is loaded: 2.21 reads TF_CPP_MIN_LOG_LEVEL too late for them.
 * Warnings and errors are written afterwards; all messages are written at once where that variable requests them.
 */
function withoutInfoMessages<T>(addon: string, load: () => T): T {
  if (Number(process.env.TF_CPP_MIN_LOG_LEVEL) < 1 || !existsSync(addon)) return load();
  const { start, stop } = dlopen(addon) as { start: () => void; stop: () => string };
  start();
  try {
    return load();
  } finally {
    const lines = stop().split(/(?<=\n)/);
    process.stderr.write(lines.filter((line) => !infoMessage.test(line) && !cacheMessage.test(line)).join(''));
  }
}
