import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { constants } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { bindingFile, heldStderrFile, readManifest, type NativeKind, type NativeManifest } from './folder.js';
import { offerTfjs } from './take-package.js';

let loaded: { folder: string; manifest: NativeManifest } | undefined;

/**
 * Loads a binding that `setUpNative` made, and registers its backend as `tensorflow`. A process can have one.
 *
 * @returns undefined where nothing is set up.
 * @throws {Error} if it is there and does not load: a library that is missing, one that lacks a symbol, or another that was
 * loaded before.
 */
export function loadNative(folder: string): NativeManifest | undefined {
  if (loaded?.folder === folder) return loaded.manifest;
  const manifest = readManifest(folder);
  if (!manifest) return undefined;
  if (loaded) throw new Error(`this process has the TensorFlow of ${loaded.folder}, and can have no other`);
  prepareTensorflow(manifest.kind);
  offerTfjs();
  const require = createRequire(join(folder, 'binding', 'package.json'));
  const binding = withoutNotes(heldStderrFile(folder), () => dlopen(bindingFile(folder)));
  require('./dist/register_all_kernels.js');
  const { NodeJSKernelBackend } = require('./dist/nodejs_kernel_backend.js') as {
    NodeJSKernelBackend: new (binding: unknown, name: string) => tf.KernelBackend;
  };
  if (tf.findBackendFactory('tensorflow')) tf.removeBackend('tensorflow');
  tf.registerBackend('tensorflow', () => new NodeJSKernelBackend(binding, '@tensorflow/tfjs-node'), 0);
  loaded = { folder, manifest };
  return manifest;
}

/** What TensorFlow and NVIDIA's libraries read when they are loaded; what the environment says already wins. */
export function prepareTensorflow(kind: NativeKind): void {
  const { env } = process;
  // Two lines of TensorFlow for every process say nothing to its user.
  env.TF_CPP_MIN_LOG_LEVEL ??= '2';
  env.TF_FORCE_GPU_ALLOW_GROWTH ??= 'true';
  if (kind === 'native') return;
  // Products of float32 would have the 10 bits of TF32 on a device that has it, and sums would be made in any order.
  env.NVIDIA_TF32_OVERRIDE ??= '0';
  env.TF_DETERMINISTIC_OPS ??= '1';
}

/** Folder of the TensorFlow that this process has, if it has one. */
export function loadedNative(): string | undefined {
  return loaded?.folder;
}

/** Loads an addon with all its symbols at once: one that is missing is named here, not in the middle of a training. */
function dlopen(file: string): Record<string, unknown> {
  const module = { exports: {} };
  process.dlopen(module, file, constants.dlopen.RTLD_NOW);
  return module.exports;
}

const note = /^(WARNING: All log messages before absl::InitializeLog|I\d{4} |To enable the following instructions)/;

/**
 * Does something without the notes that TensorFlow writes while it is loaded: 2.21 reads TF_CPP_MIN_LOG_LEVEL too
 * late for them. Warnings and errors are written, after it; all is, at once, where that variable asks for notes.
 */
function withoutNotes<T>(addon: string, load: () => T): T {
  if (Number(process.env.TF_CPP_MIN_LOG_LEVEL) < 1 || !existsSync(addon)) return load();
  const { hold, release } = dlopen(addon) as { hold: () => void; release: () => string };
  hold();
  try {
    return load();
  } finally {
    const lines = release().split(/(?<=\n)/);
    process.stderr.write(lines.filter((line) => !note.test(line)).join(''));
  }
}
