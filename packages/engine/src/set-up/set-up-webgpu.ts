import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setUpFolder } from './folder.js';
import { SetUpError } from './set-up-error.js';
import { shareTfjs, takePackage } from './take-package.js';

/** What lies in a folder that {@link setUpWebgpu} made. */
export interface WebgpuManifest {
  kind: 'webgpu';
  /** Version of the npm package webgpu, which has Dawn. */
  dawn: string;
  /** Version of @tensorflow/tfjs-backend-webgpu. */
  backend: string;
}

const versions = { dawn: '0.6.2', backend: '4.22.0' };
const backendFile = join('dist', 'tf-backend-webgpu.node.js');

/** Where the parts of a set-up lie: Dawn's entry, and a package.json beside which the backend is found. */
export function webgpuParts(): { manifest: WebgpuManifest; dawn: string; backend: string } | undefined {
  const folder = setUpFolder('webgpu');
  const file = join(folder, 'manifest.json');
  if (!existsSync(file)) return undefined;
  return {
    manifest: JSON.parse(readFileSync(file, 'utf8')) as WebgpuManifest,
    dawn: join(folder, 'dawn', 'index.js'),
    backend: join(folder, 'backend', backendFile),
  };
}

/**
 * Takes Dawn and the WebGPU backend of TensorFlow.js from node_modules or the npm registry, for this platform alone; no script
 * of theirs runs.
 *
 * @throws {SetUpError} if Dawn has no build for this platform.
 */
export async function setUpWebgpu({ log = () => {} }: { log?: (line: string) => void } = {}): Promise<
  WebgpuManifest & { folder: string; isNew: boolean }
> {
  const folder = setUpFolder('webgpu');
  const present = webgpuParts();
  if (present) return { ...present.manifest, folder, isNew: false };
  const partial = `${folder}.partial-${process.pid}`;
  const manifest: WebgpuManifest = { kind: 'webgpu', ...versions };
  try {
    log(`taking webgpu ${versions.dawn} …`);
    const whole = join(partial, 'whole');
    await takePackage('webgpu', versions.dawn, join(whole, 'dawn'));
    const platform = `${process.platform}-${process.platform === 'darwin' ? 'universal' : process.arch}`;
    if (!existsSync(join(whole, 'dawn', 'dist', platform)))
      throw new SetUpError(`engine/setUpWebgpu: expected a platform that Dawn is built for, got ${platform}; use wasm`);
    for (const part of ['package.json', 'index.js', join('dist', platform)])
      cpSync(join(whole, 'dawn', part), join(partial, 'dawn', part), { recursive: true });
    log(`taking @tensorflow/tfjs-backend-webgpu ${versions.backend} …`);
    await takePackage('@tensorflow/tfjs-backend-webgpu', versions.backend, join(whole, 'backend'));
    mkdirSync(join(partial, 'backend', 'dist'), { recursive: true });
    for (const part of ['package.json', backendFile])
      cpSync(join(whole, 'backend', part), join(partial, 'backend', part));
    shareTfjs(join(partial, 'backend'));
    rmSync(whole, { recursive: true, force: true });
    writeFileSync(join(partial, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`);
    rmSync(folder, { recursive: true, force: true });
    renameSync(partial, folder);
    return { ...manifest, folder, isNew: true };
  } finally {
    rmSync(partial, { recursive: true, force: true });
  }
}
