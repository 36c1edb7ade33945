import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import {
  InputError,
  isCovered,
  readManifest,
  sha256,
  unsealJson,
  writeCovered,
  writeSafetensors,
} from '@cxr-align/files';
import { textArrays } from '../texts/frozen-text-arrays.js';
import { type LoadedModel, openModel } from './open-model.js';
import { formatVersion, headFile, parseModel, weightsFile, zeroShotFile, type StoredModel } from './stored-model.js';
import {
  changedThresholds,
  changeFile,
  changeNumber,
  changeText,
  fittedThresholds,
  parseChange,
  type ThresholdChange,
} from './threshold-changes.js';

/** Writes `RUN/model/`; the manifest comes last, so a folder that it names the weights of is complete. */
export function writeModel(
  run: string,
  {
    weights,
    texts,
    target,
    config,
    input,
    members,
    graph,
    zeroShot,
    head,
    thresholds,
    thresholdChanges = [],
    calibrations,
    prevalence,
    metadata,
  }: StoredModel,
): void {
  const fitted = fittedThresholds(graph.labels, thresholds, thresholdChanges);
  const json = (content: unknown): string => `${JSON.stringify(content, null, 2)}\n`;
  const ofLabels = (valueOf: (label: number) => unknown): object =>
    Object.fromEntries(graph.labels.map((label, i) => [label, valueOf(i)]));
  writeCovered(join(run, 'model'), {
    'config.json': json({
      formatVersion,
      config,
      input,
      ...(members && { members }),
      textEncoder: texts?.encoder ?? null,
    }),
    'labels.json': json(graph.labels),
    'graph.json': json(graph.toDefinition()),
    'prompts.json': json(texts?.words ?? []),
    [zeroShotFile]: zeroShot && json(zeroShot.toDefinition()),
    [headFile]: head && json(head),
    'thresholds.json': json(ofLabels((i) => (Number.isNaN(fitted[i]) ? null : fitted[i]))),
    ...changeFiles(join(run, 'model'), thresholdChanges),
    // JSON has no infinity: a bound that could not be set is null.
    'calibration.json': json(ofLabels((i) => calibrations[i])),
    'training-set.json': json({ prevalence: ofLabels((i) => prevalence[i]), metadata }),
    [weightsFile]: writeSafetensors(
      new Map([...weights, ...(texts ? textArrays(texts) : []), ...(target ? [['target', target] as const] : [])]),
    ),
  });
}

/** Reads `RUN/model/`. @throws {InputError} if it is missing, damaged, or of another format. */
export function readModel(run: string): StoredModel {
  const folder = join(run, 'model');
  if (!existsSync(join(folder, weightsFile)))
    throw new InputError(`expected a trained run with model/${weightsFile}, got none; train it first`, { file: run });
  const read = (name: string): Uint8Array | undefined => {
    const file = join(folder, name);
    return existsSync(file) ? readFileSync(file) : undefined;
  };
  const stored = parseModel({ folder, read }, sha256);
  const { input } = stored;
  // An encoder that was tuned lies in the run itself, wherever that is.
  return input.kind === 'features' && input.encoder !== null
    ? { ...stored, input: { ...input, encoder: resolve(folder, input.encoder) } }
    : stored;
}

/** Builds the model of a run folder with its trained weights. @throws {InputError} if it is no trained run. */
export function loadModel(run: string): LoadedModel {
  return openModel(readModel(run));
}

/** The files of changed thresholds in a model folder, in order. */
function changeFilesIn(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => changeNumber(name) !== undefined)
    .sort((a, b) => changeNumber(a)! - changeNumber(b)!);
}

/**
 * What is written of changed thresholds: what is there already stays named in the manifest all the time, so that no moment is
 * without the record; files of another model are removed.
 */
function changeFiles(folder: string, changes: readonly ThresholdChange[]): Record<string, string | undefined> {
  const texts = new Map(changes.map((change) => [changeFile(change.number), changeText(change)]));
  const isThere = (name: string, text: string): boolean =>
    isCovered(folder, name) && readFileSync(join(folder, name), 'utf8') === text;
  return Object.fromEntries([
    ...changeFilesIn(folder).flatMap((name) => (texts.has(name) ? [] : [[name, undefined] as const])),
    ...[...texts].filter(([name, text]) => !isThere(name, text)),
  ]);
}

/**
 * Adds a change to the thresholds of a model: its file, then the manifest that names it, at once. A writer that is killed between
 * the two leaves the thresholds as they were.
 *
 * @param change its number is the next one.
 */
export function writeThresholdChange(run: string, change: ThresholdChange): void {
  writeCovered(join(run, 'model'), { [changeFile(change.number)]: changeText(change) });
}

/**
 * The changes of the thresholds in a model folder that continue from some thresholds: those that a model which is written anew keeps.
 * Where the manifest is damaged, the hash at the end of each stands for it.
 *
 * @param fitted the thresholds of the model that is written.
 * @returns none where the changes are of another model.
 */
export function keptThresholdChanges(
  run: string,
  labels: readonly string[],
  fitted: readonly number[],
): ThresholdChange[] {
  const folder = join(run, 'model');
  const manifest = asUndefined(() => readManifest(folder, ''));
  const changes: ThresholdChange[] = [];
  for (const name of changeFilesIn(folder)) {
    const file = join(folder, name);
    if (manifest && !manifest.has(name)) break;
    const change = asUndefined(() =>
      parseChange(unsealJson(readFileSync(file, 'utf8'), { file, hint: '', hashOf: sha256 }), changes.length + 1, file),
    );
    if (!change) break;
    changes.push(change);
  }
  return asUndefined(() => changedThresholds(labels, fitted, changes)) ? changes : [];
}

/** What is wrong with a file, as undefined. */
function asUndefined<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof InputError) return undefined;
    throw error;
  }
}
