import { existsSync } from 'node:fs';
import { join } from 'node:path';
import {
  InputError,
  readSealedSafetensors,
  sealSafetensors,
  writeFileAtomic,
  type StoredTensor,
} from '@cxr-align/files';
import type { AdamW, Parameters } from '@cxr-align/nn';
import type { PretrainingEpoch } from './options.js';

const format = 'cxr-align pretraining 1';

/** The checkpoint in the folder of an encoder that is not finished. */
export const checkpointFile = (out: string): string => join(out, 'checkpoint.safetensors');

/** Writes where a pretraining stands after an epoch. @param identity what it is of. */
export async function writeCheckpoint(
  out: string,
  identity: string,
  {
    parameters,
    optimizer,
    history,
  }: { parameters: Parameters; optimizer: AdamW; history: readonly PretrainingEpoch[] },
): Promise<void> {
  const tensors = new Map<string, StoredTensor>();
  for (const [name, value] of await parameters.values()) tensors.set(`parameters/${name}`, value);
  const { step, moments } = await optimizer.state();
  for (const [name, value] of moments) tensors.set(`optimizer/${name}`, value);
  const metadata = { format, identity, step: String(step), history: JSON.stringify(history) };
  writeFileAtomic(checkpointFile(out), sealSafetensors(tensors, metadata));
}

/**
 * Puts a pretraining where its checkpoint stands.
 *
 * @returns its history; nothing where there is no checkpoint.
 * @throws {InputError} if it is damaged, or of other images or settings.
 */
export function readCheckpoint(
  out: string,
  identity: string,
  { parameters, optimizer }: { parameters: Parameters; optimizer: AdamW },
): PretrainingEpoch[] {
  const file = checkpointFile(out);
  if (!existsSync(file)) return [];
  const { tensors, metadata } = readSealedSafetensors(file);
  if (metadata.format !== format || metadata.identity !== identity)
    throw new InputError(
      'expected the checkpoint of a pretraining with these images and settings, got one of others; continue it with those, or overwrite it',
      { file },
    );
  const part = (prefix: string): Map<string, { shape: number[]; data: Float32Array }> =>
    new Map(
      [...tensors].flatMap(([name, { shape, data }]) =>
        name.startsWith(prefix) ? [[name.slice(prefix.length), { shape, data: Float32Array.from(data) }] as const] : [],
      ),
    );
  parameters.load(part('parameters/'));
  optimizer.restore({ step: Number(metadata.step), moments: part('optimizer/') });
  return JSON.parse(metadata.history) as PretrainingEpoch[];
}
