import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import * as tf from '@tensorflow/tfjs-core';
import { createEngine, EngineError, firstLine, type Engine } from './engine.js';
import { exposeTfjs } from './shared-tfjs.js';
import { missingVulkan } from './vulkan-machine.js';
import { webgpuParts } from './webgpu-folder.js';

interface Gpu {
  requestAdapter: () => Promise<{ info?: Record<string, string> } | null>;
}

const hint = 'run npm run setup:webgpu (cxr-align setup webgpu)';
const driverHint =
  "install the driver of the graphics card with Vulkan, Metal or D3D12 (Debian: apt-get install libvulkan1, and the card's own)";
const software = /swiftshader|llvmpipe|software|basic render/i;

let started: Engine | undefined;

/**
 * Starts the WebGPU backend on Dawn, as it was set up or else as it is installed.
 *
 * @param allowSoftware whether an adapter that computes on the CPU is accepted: for tests, it is slower than wasm.
 */
export async function startWebgpu(allowSoftware: boolean): Promise<Engine> {
  if (started) {
    await tf.setBackend('webgpu');
    return started;
  }
  try {
    const parts = webgpuParts();
    const dawnName = parts ? pathToFileURL(parts.dawn).href : 'webgpu';
    const dawn = (await import(dawnName)) as { create: (flags: string[]) => Gpu; globals: object };
    Object.assign(globalThis, dawn.globals);
    const missing = missingVulkan();
    // A driver may be where only the loader finds it: Dawn decides where the engine is started by name.
    if (missing === 'the loader' || (missing === 'a driver' && !allowSoftware))
      throw new EngineError('webgpu', `Vulkan lacks ${missing}`, driverHint);
    const gpu = dawn.create([]);
    const adapter = await gpu.requestAdapter();
    if (!adapter) throw new EngineError('webgpu', 'no graphics adapter answers', driverHint);
    const { vendor = '', architecture = '', device = '', description = '' } = adapter.info ?? {};
    const label = [vendor, architecture, device, description].filter(Boolean).join(' ') || 'an unnamed adapter';
    const isSoftware = software.test(label);
    if (isSoftware && !allowSoftware)
      throw new EngineError(
        'webgpu',
        `only a software adapter answers (${label})`,
        'use a machine with a graphics card',
      );
    // Node before 21 has no navigator, and a later one none with a gpu.
    Object.defineProperty(globalThis, 'navigator', { value: { gpu }, configurable: true });
    await loadBackend(parts?.backend);
    if (!(await tf.setBackend('webgpu'))) throw new EngineError('webgpu', 'its backend could not be started', hint);
    await tf.ready();
    started = createEngine({
      name: 'webgpu',
      backend: 'webgpu',
      description: `WebGPU on ${label}${isSoftware ? ', which computes on the CPU' : ''}`,
      threads: 1,
      memoryLimitBytes: Infinity,
      kernels: 'plain',
      reason: 'the engine webgpu has no kernels of ours',
      captureReason: 'the engine webgpu has no step capture',
    });
    return started;
  } catch (error) {
    throw error instanceof EngineError ? error : new EngineError('webgpu', firstLine(error), hint);
  }
}

async function loadBackend(file: string | undefined): Promise<void> {
  const installed = '@tensorflow/tfjs-backend-webgpu';
  if (file === undefined) {
    await import(installed);
    return;
  }
  exposeTfjs();
  createRequire(file)(file);
}
