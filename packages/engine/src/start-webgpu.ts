import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import * as tf from '@tensorflow/tfjs-core';
import { EngineError, firstLine, type Engine } from './engine.js';
import { webgpuParts } from './set-up/set-up-webgpu.js';
import { offerTfjs } from './set-up/take-package.js';
import { vulkanLacks } from './set-up/vulkan-machine.js';

interface Gpu {
  requestAdapter: () => Promise<{ info?: Record<string, string> } | null>;
}

const mend = 'run npm run setup:webgpu (cxr-align setup webgpu)';
const driverMend =
  "install the driver of the graphics card with Vulkan, Metal or D3D12 (Debian: apt-get install libvulkan1, and the card's own)";
const software = /swiftshader|llvmpipe|software|basic render/i;

let started: Engine | undefined;

/**
 * Starts the WebGPU backend on Dawn: what was set up, else what is installed.
 *
 * @param allowSoftware whether an adapter that computes on the processor will do: for tests, it is slower than wasm.
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
    const lacks = vulkanLacks();
    // A driver may lie where only the loader knows: who asks for the engine by name has Dawn look.
    if (lacks === 'the loader' || (lacks === 'a driver' && !allowSoftware))
      throw new EngineError('webgpu', `Vulkan lacks ${lacks}`, driverMend);
    const gpu = dawn.create([]);
    const adapter = await gpu.requestAdapter();
    if (!adapter) throw new EngineError('webgpu', 'no graphics adapter answers', driverMend);
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
    if (!(await tf.setBackend('webgpu'))) throw new EngineError('webgpu', 'its backend could not be started', mend);
    await tf.ready();
    started = {
      name: 'webgpu',
      description: `WebGPU on ${label}${isSoftware ? ', which computes on the processor' : ''}`,
      threads: 1,
      memoryLimitBytes: Infinity,
    };
    return started;
  } catch (error) {
    throw error instanceof EngineError ? error : new EngineError('webgpu', firstLine(error), mend);
  }
}

async function loadBackend(file: string | undefined): Promise<void> {
  const installed = '@tensorflow/tfjs-backend-webgpu';
  if (file === undefined) {
    await import(installed);
    return;
  }
  offerTfjs();
  createRequire(file)(file);
}
