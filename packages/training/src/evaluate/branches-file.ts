import { join } from 'node:path';
import {
  InputError,
  readCovered,
  readManifest,
  readSafetensors,
  writeCovered,
  writeSafetensors,
} from '@cxr-align/files';

/** `RUN/branches.safetensors`: what each branch of a model says of the images that were evaluated. */
export const branchesFile = 'branches.safetensors';

/** Logits of the branches of a model. */
export interface BranchLogits {
  labels: readonly string[];
  /** The images, by their names. */
  samples: readonly string[];
  /** [samples, labels] row by row: 1, 0, NaN where unknown. */
  targets: Float32Array;
  /** The branches. */
  names: readonly string[];
  /** Of each branch, [samples, labels] row by row. */
  logits: readonly Float32Array[];
}

/** Writes `branches.safetensors` into the folder of a run. */
export function writeBranches(run: string, { labels, samples, targets, names, logits }: BranchLogits): void {
  const shape = [samples.length, labels.length];
  const tensors = new Map(
    names.map((name, i) => [`branch/${name}`, { shape, data: logits[i] ?? new Float32Array(0) }]),
  );
  tensors.set('targets', { shape, data: targets });
  const metadata = { labels: JSON.stringify(labels), samples: JSON.stringify(samples) };
  writeCovered(run, { [branchesFile]: writeSafetensors(tensors, { metadata }) });
}

/** Reads what {@link writeBranches} wrote. @throws {InputError} if it is missing, or a bit of it was changed. */
export function readBranches(run: string): BranchLogits {
  const hint = 'remove the folder, and train it again';
  const file = join(run, branchesFile);
  const manifest = readManifest(run, hint);
  if (!manifest?.has(branchesFile))
    throw new InputError(`expected the logits of a fold's branches, got none; ${hint}`, { file });
  const { tensors, metadata } = readSafetensors(readCovered(run, branchesFile, { manifest, hint }), file);
  const arrays = [...tensors].filter(([name]) => name.startsWith('branch/'));
  return {
    labels: JSON.parse(metadata.labels) as string[],
    samples: JSON.parse(metadata.samples) as string[],
    targets: tensors.get('targets')!.data as Float32Array,
    names: arrays.map(([name]) => name.slice('branch/'.length)),
    logits: arrays.map(([, { data }]) => data as Float32Array),
  };
}
