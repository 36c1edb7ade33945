import type { LabelCalibration, MetadataBaseline } from '@cxr-align/evaluation';
import {
  checkCovered,
  InputError,
  type Manifest,
  manifestName,
  parseManifest,
  readSafetensors,
  type StoredTensor,
} from '@cxr-align/files';
import type { StoredHead } from '@cxr-align/heads';
import { LabelGraph, LabelGraphError, readLabelGraphDefinition } from '@cxr-align/label-graph';
import { type ModelConfig, checkModelConfig } from '../model-config.js';
import type { InputDescription } from '../model/model-inputs.js';
import { checkModelFile, type modelFileSchemas } from './model-schema.js';
import { nonFinite } from './non-finite.js';
import { changedThresholds, changeFile, changeNumber, parseChange, type ThresholdChange } from './threshold-changes.js';
import { type FrozenTexts, takeTextArrays } from '../texts/frozen-text-arrays.js';

/** All that a prediction needs, as it is stored in `RUN/model/`: data, no code. */
export interface StoredModel<C extends ModelConfig = ModelConfig> {
  /** The file that the weights were read from, for errors. */
  file?: string;
  weights: Map<string, StoredTensor>;
  /** Frozen texts of the labels, those of held-out labels last. */
  texts?: FrozenTexts;
  /** The target similarity [labels, labels] of the graph loss. */
  target?: StoredTensor;
  config: C;
  /** What its head is beside its arrays, which are among the weights under `head/`; of models that were fitted without epochs. */
  head?: Omit<StoredHead, 'arrays'>;
  /** The inputs of the model; of an ensemble those of its first member. */
  input: InputDescription;
  /** Of an ensemble: its members, whose arrays have their name before their own, as `repeat-1/fold-2/head/weight`. */
  members?: readonly StoredMember[];
  /** The trained labels. */
  graph: LabelGraph;
  /** The trained labels and, after them, those that are predicted by their prompts alone. */
  zeroShot?: LabelGraph;
  /** For each label the threshold that decides: chosen on validation, or changed since; NaN where it is undefined. */
  thresholds: number[];
  /** What was changed of them after the training, in order. */
  thresholdChanges?: readonly ThresholdChange[];
  /** What was fitted on validation for each label beside it. */
  calibrations: LabelCalibration[];
  /** For each label the share of training images with it. */
  prevalence: number[];
  /** Baseline that predicts from age, sex and view alone; null where none is known. */
  metadata: MetadataBaseline | null;
}

/** One model of an ensemble. */
export interface StoredMember {
  name: string;
  /** The inputs that it was trained on. */
  input: InputDescription;
  /** As of a single model. */
  head?: Omit<StoredHead, 'arrays'>;
}

/** The version of a run folder's layout; folders of another one are refused. */
export const formatVersion = 2;

export const weightsFile = 'model.safetensors';
export const zeroShotFile = 'zero-shot.json';
export const headFile = 'head.json';

/** The content of `config.json` of a model folder. */
export interface ModelDescription {
  formatVersion: number;
  config: unknown;
  input: InputDescription;
  members?: readonly StoredMember[];
  textEncoder: FrozenTexts['encoder'];
}

/** The files of a model folder. */
export interface ModelFiles {
  /** What errors call the folder by. */
  folder: string;
  /** The bytes of a file by its name in the folder; undefined where there is none. */
  read: (name: string) => Uint8Array | undefined;
}

/**
 * The model in the files of a model folder, each of them as its manifest names it.
 *
 * @param hashOf SHA-256 of bytes, or of a text in UTF-8, in hexadecimal.
 * @throws {InputError} if a file is missing, a bit of one was changed, or it is of another format.
 */
export function parseModel(files: ModelFiles, hashOf: (content: Uint8Array | string) => string): StoredModel {
  const manifest = checkFiles(files, hashOf);
  const description = describedModel(files);
  const file = placeOf(files, weightsFile);
  const bytes = bytesOf(files, weightsFile);
  const graph = graphOf(files, 'graph.json');
  const thresholds = contentOf(files, 'thresholds.json');
  const changes = changesOf(files, manifest);
  const { tensors: weights } = readSafetensors(bytes, file);
  refuseNonFinite(weights, file);
  const texts = takeTextArrays(weights, contentOf(files, 'prompts.json'), description.textEncoder);
  const target = weights.get('target');
  weights.delete('target');
  return {
    file,
    weights,
    texts,
    target,
    config: checkModelConfig(description.config, placeOf(files, 'config.json')),
    input: description.input,
    ...(description.members && { members: description.members }),
    graph,
    ...(manifest.has(zeroShotFile) && {
      zeroShot: graphOf(files, zeroShotFile),
    }),
    ...(manifest.has(headFile) && { head: contentOf(files, headFile) }),
    thresholds: changedThresholds(
      graph.labels,
      graph.labels.map((label) => thresholds[label] ?? NaN),
      changes,
    ),
    ...(changes.length > 0 && { thresholdChanges: changes }),
    ...fittedValues(files, graph),
  };
}

/** The changes of the thresholds that the manifest names, in order. @throws {InputError} if one between them is missing. */
function changesOf(files: ModelFiles, manifest: Manifest): ThresholdChange[] {
  const numbers = [...manifest.keys()].flatMap((name) => changeNumber(name) ?? []).sort((a, b) => a - b);
  return numbers.map((number, i) => {
    if (number !== i + 1)
      throw new InputError(
        `expected the changes of the thresholds one by one, got none of number ${i + 1}; copy the whole model folder again`,
        { file: placeOf(files, changeFile(number)) },
      );
    return parseChange(jsonOf(files, changeFile(number)), number, placeOf(files, changeFile(number)));
  });
}

/** @throws {InputError} if a number of an array is NaN or infinite: such a model answers nothing, whatever its input. */
function refuseNonFinite(arrays: ReadonlyMap<string, StoredTensor>, file: string): void {
  for (const [name, { data }] of arrays) {
    const found = nonFinite(data);
    if (found)
      throw new InputError(
        `expected finite numbers, got ${found.value} in ${found.count} of ${data.length} numbers of the array ${name}; train again with a lower learningRate`,
        { file },
      );
  }
}

/** Checks every file that the manifest names. @throws {InputError} */
function checkFiles(files: ModelFiles, hashOf: (content: Uint8Array | string) => string): Manifest {
  const file = placeOf(files, manifestName);
  const hint = 'copy the whole model folder again, or resume the training';
  // A folder of an earlier format has none, and that is what is wrong with it.
  if (!files.read(manifestName)) describedModel(files);
  const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytesOf(files, manifestName));
  const manifest = parseManifest(text, { file, hint, hashOf });
  for (const name of new Set(['config.json', ...manifest.keys(), weightsFile]))
    checkCovered(manifest, name, bytesOf(files, name), { file: placeOf(files, name), hint, hashOf });
  return manifest;
}

/** The content of `config.json`. @throws {InputError} if it is of another format. */
function describedModel(files: ModelFiles): ModelDescription {
  const description = jsonOf(files, 'config.json') as Partial<ModelDescription> | null;
  if (description?.formatVersion !== formatVersion)
    throw new InputError(
      `expected a run folder of format ${formatVersion}, got ${description?.formatVersion === undefined ? 'one without a format version' : `format ${JSON.stringify(description.formatVersion)}`}; train again`,
      { file: placeOf(files, 'config.json') },
    );
  return contentOf(files, 'config.json') as ModelDescription;
}

/** What was fitted beside the weights. */
function fittedValues(
  files: ModelFiles,
  { labels }: LabelGraph,
): Pick<StoredModel, 'calibrations' | 'prevalence' | 'metadata'> {
  const calibrations = contentOf(files, 'calibration.json');
  const { prevalence, metadata } = contentOf(files, 'training-set.json');
  const missing = labels.find((label) => !Object.hasOwn(calibrations, label));
  if (missing !== undefined)
    throw new InputError(`expected a calibration of each label, got none of ${missing}; copy the model folder again`, {
      file: placeOf(files, 'calibration.json'),
    });
  const bound = (value: number | null): number => value ?? Infinity;
  return {
    calibrations: labels.map((label) => {
      const { conformal, ...fitted } = calibrations[label];
      return {
        ...fitted,
        conformal: conformal && {
          ...conformal,
          present: bound(conformal.present),
          absent: bound(conformal.absent),
        },
      };
    }),
    prevalence: labels.map((label) => prevalence[label] ?? NaN),
    metadata,
  };
}

function graphOf(files: ModelFiles, name: string): LabelGraph {
  const file = placeOf(files, name);
  try {
    return new LabelGraph(readLabelGraphDefinition(jsonOf(files, name), file));
  } catch (error) {
    if (!(error instanceof LabelGraphError)) throw error;
    throw new InputError(
      `expected a label graph, got one that is none: ${error.message}; copy the model folder again`,
      {
        file,
      },
    );
  }
}

function contentOf<N extends keyof typeof modelFileSchemas>(files: ModelFiles, name: N) {
  return checkModelFile(name, jsonOf(files, name), placeOf(files, name));
}

function placeOf({ folder }: ModelFiles, name: string): string {
  return `${folder}/${name}`;
}

function bytesOf(files: ModelFiles, name: string): Uint8Array {
  const bytes = files.read(name);
  if (!bytes)
    throw new InputError('expected a file of a trained model, got no such file; copy the whole model folder', {
      file: placeOf(files, name),
    });
  return bytes;
}

function jsonOf(files: ModelFiles, name: string): unknown {
  const text = new TextDecoder().decode(bytesOf(files, name));
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new InputError(`expected JSON, got ${(error as Error).message}; copy the model folder again`, {
      file: placeOf(files, name),
    });
  }
}
