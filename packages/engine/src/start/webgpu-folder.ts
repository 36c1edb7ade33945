import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setUpFolder } from './set-up-folder.js';

/** The manifest of a folder that `setUpWebgpu` made. */
export interface WebgpuManifest {
  kind: 'webgpu';
  /** Version of the npm package webgpu, which has Dawn. */
  dawn: string;
  /** Version of @tensorflow/tfjs-backend-webgpu. */
  backend: string;
}

/** The file of the backend in its package. */
export const webgpuBackendFile = join('dist', 'tf-backend-webgpu.node.js');

/** The parts of WebGPU that were set up: Dawn's entry and the backend; undefined where none were. */
export function webgpuParts(): { manifest: WebgpuManifest; dawn: string; backend: string } | undefined {
  const folder = setUpFolder('webgpu');
  const file = join(folder, 'manifest.json');
  if (!existsSync(file)) return undefined;
  return {
    manifest: JSON.parse(readFileSync(file, 'utf8')) as WebgpuManifest,
    dawn: join(folder, 'dawn', 'index.js'),
    backend: join(folder, 'backend', webgpuBackendFile),
  };
}
