import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { ReadableStream } from 'node:stream/web';
import { cacheFolder } from '@cxr-align/engine';
import { asideOf, InputError, openFileAtomic, remove, rename, resolveInside } from '@cxr-align/files';
import type { Progress } from '../progress.js';

/** A model of a hub, by its owner and name. */
const hubName = /^[\w.-]+\/[\w.-]+$/;

/** What an encoder consists of; everything else of a repository is left where it is. */
const wanted =
  /^(config|preprocess|preprocessor_config|processor_config|open_clip_config|tokenizer|tokenizer_config|1_Pooling\/config)\.json$|^(onnx\/)?(text_|vision_)?model\.onnx(_data|\.data)?$/;

export interface HubOptions {
  allowDownload: boolean;
  progress: Progress;
  /** Where models are listed and got. Default HF_ENDPOINT, else https://huggingface.co. */
  endpoint?: string;
  /** Where they are kept. Default `hub` in the cache folder of what is set up. */
  cache?: string;
}

/**
 * The folder of an encoder: that of the name itself, else a model of the hub that has been got before, else, only where that is
 * allowed, one that is downloaded.
 *
 * @throws {InputError} if it is no folder and may not or cannot be downloaded.
 */
export async function encoderFolder(
  name: string,
  {
    allowDownload,
    progress,
    endpoint = process.env.HF_ENDPOINT ?? 'https://huggingface.co',
    cache = join(cacheFolder(), 'hub'),
  }: HubOptions,
): Promise<string> {
  if (existsSync(name) || !hubName.test(name)) return name;
  const folder = join(cache, name.replace('/', '--'));
  if (existsSync(folder)) return folder;
  if (!allowDownload)
    throw new InputError(
      `expected the folder of an encoder, got ${name} (no such folder); if it is a model of the hub, allow the download (allowDownload)`,
    );
  const files = (await listFiles(endpoint, name)).filter(({ path }) => wanted.test(path));
  if (!files.some(({ path }) => path.includes('.onnx')))
    throw new InputError(
      `expected a model with an ONNX file (model.onnx, onnx/model.onnx, …) in ${name}, got none; export it with tools/export-encoder`,
    );
  const aside = asideOf(folder);
  const bar = progress.start(
    `downloading ${name}`,
    files.reduce((sum, { size }) => sum + size, 0),
  );
  let done = 0;
  try {
    for (const { path, size } of files) {
      const file = resolveInside(aside, path);
      const { body } = await get(`${endpoint}/${name}/resolve/main/${path}`);
      await writeStream(file, body as ReadableStream<Uint8Array>);
      done += size;
      bar.update(done);
    }
    rename(aside, folder);
  } finally {
    bar.stop();
    remove(aside);
  }
  progress.remark(`${name} is in ${folder}`);
  return folder;
}

async function writeStream(path: string, content: ReadableStream<Uint8Array>): Promise<void> {
  const file = openFileAtomic(path);
  try {
    for await (const part of content) file.write(part);
    file.finish();
  } catch (error) {
    file.cancel();
    throw error;
  }
}

async function listFiles(endpoint: string, name: string): Promise<{ path: string; size: number }[]> {
  const response = await get(`${endpoint}/api/models/${name}/tree/main?recursive=true`);
  const entries = (await response.json()) as { type: string; path: string; size: number }[];
  return entries.filter(({ type }) => type === 'file').map(({ path, size }) => ({ path, size }));
}

async function get(url: string): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(url);
  } catch (error) {
    const { cause } = error as { cause?: { code?: string } };
    throw new InputError(
      `expected ${url} to answer, got ${cause?.code ?? (error as Error).message}; copy the model's folder here instead`,
    );
  }
  if (response.ok) return response;
  throw new InputError(`expected ${url} to be there, got ${response.status} ${response.statusText}; check the name`);
}
