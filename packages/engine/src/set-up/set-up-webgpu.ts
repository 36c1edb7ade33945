import { cpSync, existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setUpFolder } from '../start/set-up-folder.js';
import { webgpuBackendFile, webgpuParts, type WebgpuManifest } from '../start/webgpu-folder.js';
import { SetUpError } from './set-up-error.js';
import { linkTfjs, fetchPackage } from './fetch-package.js';

const versions = { dawn: '0.6.2', backend: '4.22.0' };

/**
 * Sets up Dawn and the WebGPU backend of TensorFlow.js from node_modules or the npm registry, for this platform alone; none of their
 * scripts runs.
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
    log(`fetching webgpu ${versions.dawn} …`);
    const whole = join(partial, 'whole');
    await fetchPackage('webgpu', versions.dawn, join(whole, 'dawn'));
    const platform = `${process.platform}-${process.platform === 'darwin' ? 'universal' : process.arch}`;
    if (!existsSync(join(whole, 'dawn', 'dist', platform)))
      throw new SetUpError(`engine/setUpWebgpu: expected a platform that Dawn is built for, got ${platform}; use wasm`);
    for (const part of ['package.json', 'index.js', join('dist', platform)])
      cpSync(join(whole, 'dawn', part), join(partial, 'dawn', part), { recursive: true });
    log(`fetching @tensorflow/tfjs-backend-webgpu ${versions.backend} …`);
    await fetchPackage('@tensorflow/tfjs-backend-webgpu', versions.backend, join(whole, 'backend'));
    mkdirSync(join(partial, 'backend', 'dist'), { recursive: true });
    for (const part of ['package.json', webgpuBackendFile])
      cpSync(join(whole, 'backend', part), join(partial, 'backend', part));
    linkTfjs(join(partial, 'backend'));
    rmSync(whole, { recursive: true, force: true });
    writeFileSync(join(partial, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`);
    rmSync(folder, { recursive: true, force: true });
    renameSync(partial, folder);
    return { ...manifest, folder, isNew: true };
  } finally {
    rmSync(partial, { recursive: true, force: true });
  }
}
