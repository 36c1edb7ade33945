import { join } from 'node:path';
import type { Sample } from '@cxr-align/datasets';
import { alignFolds, type OutOfFold } from '@cxr-align/evaluation';
import { InputError } from '@cxr-align/files';
import { readBranches, type BranchLogits, type OpenedDataset } from '@cxr-align/training';
import { foldFolder, placesOf, type FoldPlan } from '../planned/fold-plan.js';

/** What the models of the folds predicted of the images that they were not trained on. */
export interface HeldOutPredictions {
  labels: readonly string[];
  /** Branches of the model. */
  names: readonly string[];
  /** Images that could be read, in the order of the table. */
  samples: Sample[];
  /** Their rows there. */
  rows: number[];
  /** Each repeat by itself. */
  byRepeat: OutOfFold[];
  /** The logits of an image averaged over the repeats; the folds are those of the first. */
  averaged: OutOfFold;
}

/** Reads the held-out logits of all folds. @throws {InputError} if folds are of models with other branches. */
export function readHeldOut(out: string, plan: FoldPlan, { dataset }: OpenedDataset): HeldOutPredictions {
  const found = placesOf(plan).map((place) => ({ place, held: readBranches(join(out, foldFolder(place))) }));
  const [{ held: first }] = found;
  for (const { place, held } of found)
    if (held.names.join() !== first.names.join() || held.labels.join('\0') !== first.labels.join('\0'))
      throw new InputError(
        `expected folds of models with the branches ${first.names.join(', ')}, got ${held.names.join(', ')}; set encoder.imageBranch to on or off`,
        { file: join(out, foldFolder(place)) },
      );
  const known = new Set(found.filter(({ place }) => place.repeat === 1).flatMap(({ held }) => held.samples));
  const rows = dataset.samples.flatMap(({ id }, row) => (plan.foldOf[0][row] >= 0 && known.has(id) ? [row] : []));
  const placeOf = new Map(rows.map((row, i) => [dataset.samples[row].id, i]));
  const byRepeat = plan.foldOf.map((foldOf, i): OutOfFold => {
    const own = found.filter(({ place }) => place.repeat === i + 1).map(({ held }) => held);
    return alignFolds({ ...inOrder(own, placeOf), foldOf: rows.map((row) => foldOf[row]) }, first.labels.length);
  });
  const [{ targets, foldOf, branches }] = byRepeat;
  const mean = (branch: number): Float64Array =>
    Float64Array.from(
      branches[branch],
      (_, at) => byRepeat.reduce((sum, repeat) => sum + repeat.branches[branch][at], 0) / byRepeat.length,
    );
  return {
    labels: first.labels,
    names: first.names,
    samples: rows.map((row) => dataset.samples[row]),
    rows,
    byRepeat,
    averaged: { targets, foldOf, branches: branches.map((_, branch) => mean(branch)) },
  };
}

/** The predictions of all folds of a repeat, each image in its place. */
function inOrder(
  folds: readonly BranchLogits[],
  placeOf: ReadonlyMap<string, number>,
): Pick<OutOfFold, 'targets' | 'branches'> {
  const [{ labels, names }] = folds;
  const size = placeOf.size * labels.length;
  const targets = new Float32Array(size).fill(NaN);
  const branches = names.map(() => new Float64Array(size).fill(NaN));
  for (const fold of folds)
    fold.samples.forEach((id, i) => {
      const from = i * labels.length;
      const to = placeOf.get(id)! * labels.length;
      targets.set(fold.targets.subarray(from, from + labels.length), to);
      fold.logits.forEach((logits, branch) => branches[branch].set(logits.subarray(from, from + labels.length), to));
    });
  const missing = branches[0].findIndex((value) => Number.isNaN(value));
  if (missing >= 0) {
    const [id] = [...placeOf].find(([, place]) => place === Math.floor(missing / labels.length))!;
    throw new InputError(
      `expected each image to be predicted by one fold of each repeat, got none for ${id}; remove the folds, and train them again`,
    );
  }
  return { targets, branches };
}
