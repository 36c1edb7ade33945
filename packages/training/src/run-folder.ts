import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { changeNumber, readModel } from '@cxr-align/classifier';
import {
  checkCovered,
  InputError,
  makeFolder,
  type Manifest,
  manifestName,
  manifestText,
  readCovered,
  readManifest,
  remove,
  rename,
  sha256,
} from '@cxr-align/files';

/** `RUN/history.jsonl`, a line an epoch. */
export const historyFile = (run: string): string => join(run, 'history.jsonl');
/** `RUN/gradients.jsonl`, a line for each step whose gradients were recorded. */
export const gradientsFile = (run: string): string => join(run, 'gradients.jsonl');

/** `RUN/encoder`: the frozen encoder with the weights that were tuned. */
export const encoderFolder = (run: string): string => join(run, 'encoder');

/** `RUN/evaluations`: what `evaluate` wrote, a folder each. */
export const evaluationsFolder = (run: string): string => join(run, 'evaluations');

/** What a training writes at its end. */
const results = [
  'evaluation.json',
  'evaluation-details.json',
  'predictions.parquet',
  'validation.parquet',
  'branches.safetensors',
  'report.html',
  'figures',
  'manifest.json',
  'model',
  'encoder',
];

/** What a training writes into its folder, and evaluations of its model. */
const products = [
  'checkpoints',
  'history.jsonl',
  'gradients.jsonl',
  'config.json',
  'identity.json',
  ...results,
  'evaluations',
];

const modelManifest = 'model/manifest.json';

/** What the manifest of a finished run names beside its evaluation; what is not there is left out. */
export const coveredFiles: readonly string[] = [
  'config.json',
  'folds.json',
  'history.jsonl',
  'gradients.jsonl',
  'identity.json',
  modelManifest,
  'encoder/model.onnx',
];

const remade = 'resume the training, which makes it again';

/** `RUN/folds.json` of a cross-validation: which image is in which fold. */
export const foldsFile = (run: string): string => join(run, 'folds.json');

/** What a finished run has, each named in its manifest. */
const wanted = ['config.json', 'identity.json', modelManifest];
/** And what one has that was trained in epochs. */
const historyName = 'history.jsonl';

/** Whether a run is finished, and nothing of it is missing or damaged as far as its manifest and the model's name it. */
export function isRunWhole(run: string): boolean {
  try {
    checkRunFiles(run);
    readModel(run);
    return true;
  } catch (error) {
    if (error instanceof InputError) return false;
    throw error;
  }
}

/**
 * Checks a file of a run if the manifest names it; that of a run which is not finished names nothing yet.
 *
 * @throws {InputError} if it is missing, or a bit of it was changed.
 */
export function checkIfNamed(run: string, name: string): void {
  const manifest = readManifest(run, remade);
  if (manifest?.has(name)) readCovered(run, name, { manifest, hint: remade });
}

/** Checks every file that the manifest of a run names. @throws {InputError} if one is missing, or a bit of it was changed. */
export function checkRunFiles(run: string): void {
  const hint = remade;
  const manifest = readManifest(run, hint);
  if (!manifest) throw new InputError(`expected a finished run with ${manifestName}, got none; ${hint}`, { file: run });
  const products = ['evaluation.json', 'evaluation-details.json', 'predictions.parquet'];
  // A head is fitted without epochs, and the folds of a cross-validation have the histories.
  const history = existsSync(join(run, 'model', 'head.json'))
    ? []
    : [existsSync(foldsFile(run)) ? 'folds.json' : historyName];
  for (const name of new Set([...manifest.keys(), ...products, ...wanted, ...history]))
    if (name === modelManifest) checkModelManifest(run, manifest);
    else readCovered(run, name, { manifest, hint });
}

/**
 * Checks the model's manifest, which may have been added to since the training: by changes of the thresholds, the newest of which are
 * left out until it is the one that the run's manifest names. So that a change is a single write, that one stays as it is.
 *
 * @throws {InputError} if it is of another model.
 */
function checkModelManifest(run: string, manifest: Manifest): void {
  const since = new Map(readManifest(join(run, 'model'), remade));
  const newestFirst = [...since.keys()]
    .filter((name) => changeNumber(name) !== undefined)
    .sort((a, b) => changeNumber(b)! - changeNumber(a)!);
  for (const name of newestFirst) {
    if (manifest.get(modelManifest)?.sha256 === sha256(manifestText(since))) return;
    since.delete(name);
  }
  if (newestFirst.length === 0) readCovered(run, modelManifest, { manifest, hint: remade });
  else {
    const place = { file: join(run, modelManifest), hint: remade, hashOf: sha256 };
    checkCovered(manifest, modelManifest, Buffer.from(manifestText(since)), place);
  }
}

/**
 * Checks that a run can be written to a folder; nothing is changed.
 *
 * @throws {InputError} if the folder holds a run and neither `resume` nor `overwrite` is set, or nothing can be resumed.
 */
export function checkRunFolder(
  run: string,
  { resume = false, overwrite = false }: { resume?: boolean; overwrite?: boolean },
): void {
  if (resume && overwrite) throw new InputError('expected resume or overwrite, got both; leave one out', { file: run });
  if (existsSync(run) && !statSync(run).isDirectory())
    throw new InputError('expected a folder for the run, got a file; use another name', { file: run });
  const isFinished = existsSync(join(run, 'evaluation.json'));
  const isRun = isFinished || existsSync(join(run, 'config.json')) || existsSync(join(run, 'checkpoints'));
  if (resume && !isRun)
    throw new InputError('expected a run to resume, got a folder without one; train without resume', {
      file: run,
    });
  if (isRun && !resume && !overwrite)
    throw new InputError(
      `expected a folder without a run, got ${isFinished ? 'a finished one' : 'an unfinished one'}; resume or overwrite it, or use another folder`,
      { file: run },
    );
}

/** Removes what a training wrote at its end, for one that continues. */
export function clearResults(run: string): void {
  for (const name of results) if (existsSync(join(run, name))) remove(join(run, name));
}

/** Keeps the evaluations of a model that will be no more, with the number of its epochs in the name of their folder. */
export function putEvaluationsAside(run: string, epochs: number): void {
  const folder = evaluationsFolder(run);
  if (!existsSync(folder)) return;
  const former = `${folder}-${epochs}-epochs`;
  for (let i = 1; ; i++) {
    const name = i === 1 ? former : `${former}-${i}`;
    if (!existsSync(name)) return rename(folder, name);
  }
}

/** Removes what an earlier training wrote, and makes the folder. */
export function clearRunFolder(run: string): void {
  for (const name of products) if (existsSync(join(run, name))) remove(join(run, name));
  makeFolder(run);
}
