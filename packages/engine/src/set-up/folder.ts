import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';

/** What was set up: a binding for the processor, or one that takes a CUDA device where there is one. */
export type NativeKind = 'native' | 'gpu';

/** What lies in a folder that `setUpNative` made. */
export interface NativeManifest {
  kind: NativeKind;
  /** Version of the binding, @tensorflow/tfjs-node or -gpu. */
  binding: string;
  /** What we change in it, counted: {@link bindingRevision}. */
  revision: number;
  /** Version of the TensorFlow library that it is built against. */
  tensorflow: string;
  /** Where the library came from. */
  source: string;
  /** What the library was built for; null without CUDA. */
  cuda: { cuda: string; cudnn: string; computeCapabilities: string } | null;
}

/** Folder of everything that is set up outside node_modules: CXR_ALIGN_CACHE, else the user's cache folder. */
export function cacheFolder(): string {
  const { CXR_ALIGN_CACHE, XDG_CACHE_HOME } = process.env;
  return CXR_ALIGN_CACHE || join(XDG_CACHE_HOME || join(homedir(), '.cache'), 'cxr-align');
}

/** What can be set up. */
export type SetUpKind = NativeKind | 'webgpu';

/** Folder of one of them. */
export function setUpFolder(kind: SetUpKind): string {
  return join(cacheFolder(), kind);
}

/** The manifest of a folder; undefined where nothing, or something unfinished, lies there. */
export function readManifest(folder: string): NativeManifest | undefined {
  const file = join(folder, 'manifest.json');
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as NativeManifest) : undefined;
}

/** The compiled binding inside such a folder. Its N-API version is one that every Node from 20.19 on has. */
export function bindingFile(folder: string): string {
  return join(folder, 'binding', 'lib', `napi-v${napiVersion}`, 'tfjs_binding.node');
}

/** The addon beside it that holds what is written while TensorFlow is loaded. */
export function heldStderrFile(folder: string): string {
  return join(dirname(bindingFile(folder)), 'held_stderr.node');
}

export const napiVersion = 8;

/** Counts what we change in the binding; one that was built before is built again. */
export const bindingRevision = 6;

/** Takes back what was set up, and what an interrupted try left. @returns whether there was anything. */
export function removeSetUp(kind: SetUpKind): boolean {
  const parent = cacheFolder();
  const left = existsSync(parent)
    ? readdirSync(parent).filter((name) => name === kind || name.startsWith(`${kind}.partial-`))
    : [];
  left.forEach((name) => rmSync(join(parent, name), { recursive: true, force: true }));
  return left.length > 0;
}
