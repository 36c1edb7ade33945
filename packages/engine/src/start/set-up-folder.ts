import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';

/** A binding for the CPU, or one that uses a CUDA device where there is one. */
export type NativeKind = 'native' | 'gpu';

/** The manifest of a folder that `setUpNative` made. */
export interface NativeManifest {
  kind: NativeKind;
  /** Version of the binding, @tensorflow/tfjs-node or -gpu. */
  binding: string;
  /** The revision of our changes to it: {@link bindingRevisions}. */
  revision: number;
  /** Version of the TensorFlow library that it is built against. */
  tensorflow: string;
  /** Where the library came from. */
  source: string;
  /** What the library was built for; null without CUDA. */
  cuda: { cuda: string; cudnn: string; computeCapabilities: string } | null;
}

/** The folder of everything that is set up outside node_modules: CXR_ALIGN_CACHE, else `cxr-align` in the user's cache folder. */
export function cacheFolder(): string {
  const { CXR_ALIGN_CACHE, XDG_CACHE_HOME } = process.env;
  return CXR_ALIGN_CACHE || join(XDG_CACHE_HOME || join(homedir(), '.cache'), 'cxr-align');
}

/** What can be set up. */
export type SetUpKind = NativeKind | 'webgpu';

/** The folder of one of them. */
export function setUpFolder(kind: SetUpKind): string {
  return join(cacheFolder(), kind);
}

/** The manifest of a folder; undefined where nothing was set up completely. */
export function readManifest(folder: string): NativeManifest | undefined {
  const file = join(folder, 'manifest.json');
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as NativeManifest) : undefined;
}

/** The compiled binding inside such a folder. Its N-API version is one that every Node from 20.19 on has. */
export function bindingFile(folder: string): string {
  return join(folder, 'binding', 'lib', `napi-v${napiVersion}`, 'tfjs_binding.node');
}

/** The addon beside it that buffers what is written to standard error while TensorFlow is loaded. */
export function stderrBufferFile(folder: string): string {
  return join(dirname(bindingFile(folder)), 'stderr_buffer.node');
}

export const napiVersion = 8;

/** The revisions of our changes to the bindings; a binding of another revision is built again. */
export const bindingRevisions: Readonly<Record<NativeKind, number>> = { native: 8, gpu: 9 };
