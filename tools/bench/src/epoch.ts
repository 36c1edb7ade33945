import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FeatureStore, FeatureStoreWriter } from '@cxr-align/datasets';
import { startEngine, type EngineName } from '@cxr-align/engine';
import { OnnxImageEncoder, type FrozenImageEncoder } from '@cxr-align/image-backbone';
import { RandomStream } from '@cxr-align/random';
import { runProgram } from './run-program.js';
import { TrainingStep } from './step-model.js';

/** A whole epoch, the frozen encoder run again in every step, and its features read from a store. */
export interface EpochResult {
  engine: string;
  encoder: string;
  images: number;
  batch: number;
  /** Seconds of an epoch with the encoder in every step. */
  againSeconds: number;
  /** Seconds of an epoch that reads the store. */
  storedSeconds: number;
  /** Seconds of filling the store, once for all epochs. */
  extractSeconds: number;
  factor: number;
}

export interface EpochRequest {
  engine: EngineName;
  images: number;
  /** Folders of encoders. */
  encoders: readonly string[];
  /** A Python with torch, torchvision and onnx, which makes a ViT-B/16 of random weights. */
  python?: string;
}

const batch = 32;

/** Measures each encoder; images are in memory, decoded, for both ways. */
export async function benchEpoch({ engine: name, images, encoders, python }: EpochRequest): Promise<EpochResult[]> {
  const engine = await startEngine(name);
  const scratch = mkdtempSync(join(tmpdir(), 'cxr-align-bench-'));
  const results: EpochResult[] = [];
  try {
    const folders = [...encoders, ...(python === undefined ? [] : [randomVit(python, join(scratch, 'vit-b-16'))])];
    for (const [i, folder] of folders.entries()) {
      const encoder = await OnnxImageEncoder.load(folder);
      process.stderr.write(`${encoder.name} …\n`);
      results.push({
        engine: `${engine.name}: ${engine.description}`,
        ...(await timeEpochs(encoder, images, join(scratch, `store-${i}`))),
      });
      await encoder.dispose();
    }
  } finally {
    rmSync(scratch, { recursive: true });
  }
  return results;
}

async function timeEpochs(
  encoder: FrozenImageEncoder,
  images: number,
  folder: string,
): Promise<Omit<EpochResult, 'engine'>> {
  const { size } = encoder.preprocessing;
  const random = new RandomStream({ seed: 1, purpose: 'bench-images' });
  const pixels = Array.from({ length: images }, () =>
    Uint8Array.from({ length: size * size }, () => random.integer(256)),
  );
  const step = new TrainingStep({ dim: 128, layers: 2, batch, mixing: 'folded', inputDim: encoder.dim });
  const order = random.permutation(images);
  const batches = Array.from({ length: Math.floor(images / batch) }, (_, i) =>
    Array.from(order.subarray(i * batch, (i + 1) * batch)),
  );
  const encode = async (which: readonly number[]): Promise<Float32Array> =>
    (await encoder.encode(which.map((image) => pixels[image]))).pooled!;
  await step.run(await encode(batches[0]));
  const began = performance.now();
  for (const which of batches) await step.run(await encode(which));
  const again = performance.now();
  const source = { encoder: encoder.name, weightsHash: encoder.weightsHash, preprocessing: encoder.preprocessing };
  const writer = new FeatureStoreWriter(folder, source, { dim: encoder.dim });
  for (let start = 0; start < images; start += batch) {
    const which = Array.from({ length: Math.min(batch, images - start) }, (_, i) => start + i);
    writer.append(
      which.map((image) => ({ id: String(image), content: '' })),
      await encode(which),
    );
  }
  const extracted = performance.now();
  const store = new FeatureStore(folder);
  for (const which of batches) await step.run(store.read(which));
  const stored = performance.now();
  store.close();
  step.dispose();
  return {
    encoder: encoder.name,
    images,
    batch,
    againSeconds: (again - began) / 1000,
    extractSeconds: (extracted - again) / 1000,
    storedSeconds: (stored - extracted) / 1000,
    factor: (again - began) / (stored - extracted),
  };
}

function randomVit(python: string, out: string): string {
  const script = fileURLToPath(new URL('../../export-encoder/export_encoder.py', import.meta.url));
  runProgram(python, [script, 'torchvision:vit_b_16', '--random', '--out', out]);
  return out;
}

/** The results in words. */
export function epochText(results: readonly EpochResult[]): string {
  return [
    results[0]?.engine ?? 'no encoder was given: --encoder DIR, or --python BIN with torch, torchvision and onnx',
    ...results.map(
      ({ encoder, images, againSeconds, storedSeconds, extractSeconds, factor }) =>
        `${encoder}: an epoch of ${images} images takes ${againSeconds.toFixed(1)} s with the encoder in every step, ${storedSeconds.toFixed(1)} s from the store: factor ${factor.toFixed(1)} (filling the store took ${extractSeconds.toFixed(1)} s, once)`,
    ),
  ].join('\n');
}
