import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import {
  InputError,
  readSealedSafetensors,
  remove,
  removeLeftOvers,
  sealSafetensors,
  writeFileAtomic,
} from '@cxr-align/files';
import { parseLoopState } from './loop-state.js';
import type { Snapshot } from './snapshot.js';

const format = 'cxr-align checkpoint';
const formatVersion = 1;

/** A checkpoint that was found whole. */
export interface Checkpoint extends Snapshot {
  file: string;
  /** What it belongs to: configuration, data and inputs. */
  identity: string;
  /** Newer ones that are cut or damaged, and why. */
  damaged: string[];
}

/** Epochs that are finished, and steps that are done where more than that is in it. */
interface Place {
  name: string;
  epoch: number;
  step: number;
}

const folderOf = (run: string): string => join(run, 'checkpoints');

/**
 * Writes `checkpoints/epoch-0003.safetensors`, or `epoch-0003-step-00000100.safetensors` in the middle of an epoch: one file with the
 * arrays and, in its metadata, where the loop stands and a hash of the whole. It gets its name once it is on the disk; only then older
 * ones are removed, but for the last one at the end of an epoch.
 *
 * @param step steps that are done; left out at the end of an epoch.
 * @param options `keepsOne`: removes all others. Default false.
 * @returns its path.
 */
export function writeCheckpoint(
  run: string,
  identity: string,
  { state, tensors }: Snapshot,
  step?: number,
  { keepsOne = false }: { keepsOne?: boolean } = {},
): string {
  const padded = (value: number, digits: number): string => String(value).padStart(digits, '0');
  const name = `epoch-${padded(state.epoch, 4)}${step === undefined ? '' : `-step-${padded(step, 8)}`}.safetensors`;
  const file = join(folderOf(run), name);
  const metadata = { format, formatVersion: String(formatVersion), identity, state: JSON.stringify(state) };
  writeFileAtomic(file, sealSafetensors(tensors, metadata));
  removeOlder(run, name, { keepsOne });
  return file;
}

/**
 * Removes all checkpoints but one and the last one at the end of an epoch before it, and what was left half written.
 *
 * @param options `keepsOne`: also that before it. Default false.
 */
export function removeOlder(run: string, name: string, { keepsOne = false }: { keepsOne?: boolean } = {}): void {
  const places = placesIn(run);
  const at = places.findIndex((place) => place.name === name);
  const before = keepsOne ? undefined : places.slice(at + 1).find(({ step }) => step === 0);
  for (const place of places) if (place.name !== name && place !== before) remove(join(folderOf(run), place.name));
  removeLeftOvers(folderOf(run));
}

/** Whether a run has a checkpoint to resume from. */
export function hasCheckpoint(run: string): boolean {
  return placesIn(run).length > 0;
}

/**
 * The newest checkpoint of a run that is whole; undefined if it has none.
 *
 * @throws {InputError} if all are damaged, or of another version of the format.
 */
export function newestCheckpoint(run: string): Checkpoint | undefined {
  if (existsSync(join(folderOf(run), 'last.json')))
    throw new InputError(
      'expected a checkpoint in one file, got one of an earlier version of the program; finish it with that version, or overwrite the run',
      { file: folderOf(run) },
    );
  const damaged: string[] = [];
  for (const { name } of placesIn(run)) {
    const file = join(folderOf(run), name);
    try {
      return { ...readCheckpoint(file), damaged };
    } catch (error) {
      if (!(error instanceof InputError) || error instanceof OtherVersion) throw error;
      damaged.push(error.message);
    }
  }
  if (damaged.length === 0) return undefined;
  throw new InputError(`expected a whole checkpoint, got damaged ones (${damaged.join('; ')}); overwrite the run`, {
    file: run,
  });
}

class OtherVersion extends InputError {}

function readCheckpoint(file: string): Omit<Checkpoint, 'damaged'> {
  const { tensors, metadata } = readSealedSafetensors(file);
  if (metadata.format !== format || metadata.formatVersion !== String(formatVersion))
    throw new OtherVersion(
      `expected a checkpoint of format ${formatVersion}, got ${metadata.format ?? 'another file'} ${metadata.formatVersion ?? ''}; use the program's version that wrote it`,
      { file },
    );
  return { file, tensors, identity: metadata.identity, state: parseLoopState(metadata.state, file) };
}

/** The checkpoints of a run, the newest first. */
function placesIn(run: string): Place[] {
  if (!existsSync(folderOf(run))) return [];
  return readdirSync(folderOf(run))
    .flatMap((name): Place[] => {
      const [, epoch, step] = /^epoch-(\d+)(?:-step-(\d+))?\.safetensors$/.exec(name) ?? [];
      return epoch === undefined ? [] : [{ name, epoch: Number(epoch), step: Number(step ?? 0) }];
    })
    .sort((a, b) => b.epoch - a.epoch || b.step - a.step);
}
