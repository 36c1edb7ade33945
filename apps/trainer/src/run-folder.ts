import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  InputError,
  readSafetensors,
  sha256,
  writeFileAtomic,
  writeSafetensors,
  type StoredTensor,
} from '@cxr-align/files';
import { LabelGraph, type LabelGraphDefinition } from '@cxr-align/label-graph';
import type { LabelCalibration } from './calibrated.js';
import { checkConfig, type Config } from './config.js';
import type { ImageInput, InputDescription } from './model-inputs.js';
import type { MetadataBaseline } from './metadata-baseline.js';

/** All that `predict` needs, as it lies in `RUN/model/`: data, no code. */
export interface StoredModel {
  weights: Map<string, StoredTensor>;
  /** Frozen prompt embeddings [kinds, labels, dim], and the similarity [labels, labels] that embeddings were to follow. */
  texts?: StoredTensor;
  target?: StoredTensor;
  config: Config;
  /** What the model takes. */
  input: InputDescription;
  graph: LabelGraph;
  /** The prompts of each label in words, where the built-in encoder read them. */
  prompts: { label: string; positive: string[]; negative: string[] }[];
  /** For each label the threshold that was chosen on validation; NaN where it is undefined. */
  thresholds: number[];
  /** What was fitted on validation for each label beside it. */
  calibrations: LabelCalibration[];
  /** For each label the share of training images with it; null in runs of before. */
  prevalence: number[] | null;
  /** What age, sex and view alone say; null where none is known. */
  metadata: MetadataBaseline | null;
}

const weightsFile = 'model.safetensors';

/** `RUN/history.jsonl`, a line an epoch. */
export const historyFile = (run: string): string => join(run, 'history.jsonl');
/** `RUN/gradients.jsonl`, a line for each step whose gradients were looked at. */
export const gradientsFile = (run: string): string => join(run, 'gradients.jsonl');

/** Writes `RUN/model/`; the weights come last, so a folder with weights is complete. */
export function writeModel(
  run: string,
  {
    weights,
    texts,
    target,
    config,
    input,
    graph,
    prompts,
    thresholds,
    calibrations,
    prevalence,
    metadata,
  }: StoredModel,
): void {
  const folder = join(run, 'model');
  const json = (name: string, content: unknown): void =>
    writeFileAtomic(join(folder, name), `${JSON.stringify(content, null, 2)}\n`);
  const bytes = writeSafetensors(
    new Map([
      ...weights,
      ...Object.entries({ texts, target }).flatMap(([name, one]) => (one ? [[name, one] as const] : [])),
    ]),
  );
  json('config.json', { config, input, weightsSha256: sha256(bytes) });
  json('labels.json', graph.labels);
  json('graph.json', graph.toDefinition());
  json('prompts.json', prompts);
  json(
    'thresholds.json',
    Object.fromEntries(graph.labels.map((label, i) => [label, Number.isNaN(thresholds[i]) ? null : thresholds[i]])),
  );
  // JSON has no infinity: a bound that could not be set is null.
  json('calibration.json', Object.fromEntries(graph.labels.map((label, i) => [label, calibrations[i]])));
  json('training-set.json', {
    prevalence: prevalence && Object.fromEntries(graph.labels.map((label, i) => [label, prevalence[i]])),
    metadata,
  });
  writeFileAtomic(join(folder, weightsFile), bytes);
}

/** Reads `RUN/model/`. @throws {InputError} if it is missing or damaged. */
export function readModel(run: string): StoredModel {
  const folder = join(run, 'model');
  if (!existsSync(join(folder, weightsFile)))
    throw new InputError(`expected a trained run with model/${weightsFile}, got none; train it first`, { file: run });
  // Runs of before have the size and scale of their images without a name.
  const { config, weightsSha256, input, ...image } = readJson(join(folder, 'config.json')) as {
    config: unknown;
    weightsSha256: string;
    input?: InputDescription;
  } & Omit<ImageInput, 'kind'>;
  const bytes = readFileSync(join(folder, weightsFile));
  if (sha256(bytes) !== weightsSha256)
    throw new InputError('expected the weights that config.json has the hash of, got others; train again', {
      file: join(folder, weightsFile),
    });
  const graph = new LabelGraph(readJson(join(folder, 'graph.json')) as LabelGraphDefinition);
  const thresholds = readJson(join(folder, 'thresholds.json')) as Record<string, number | null>;
  const { tensors: weights } = readSafetensors(bytes, join(folder, weightsFile));
  const [texts, target] = ['texts', 'target'].map((name) => {
    const one = weights.get(name);
    weights.delete(name);
    return one;
  });
  return {
    weights,
    texts,
    target,
    config: checkConfig(config, join(folder, 'config.json')),
    input: input ?? { kind: 'image', ...image },
    graph,
    prompts: readJson(join(folder, 'prompts.json')) as StoredModel['prompts'],
    thresholds: graph.labels.map((label) => thresholds[label] ?? NaN),
    ...readFitted(folder, graph),
  };
}

/** What was fitted beside the weights; runs of before have none of it. */
function readFitted(
  folder: string,
  { labels }: LabelGraph,
): Pick<StoredModel, 'calibrations' | 'prevalence' | 'metadata'> {
  const read = <T>(name: string, otherwise: T): T =>
    existsSync(join(folder, name)) ? (readJson(join(folder, name)) as T) : otherwise;
  const calibrations = read<Record<string, LabelCalibration>>('calibration.json', {});
  const { prevalence, metadata } = read<{
    prevalence: Record<string, number> | null;
    metadata: MetadataBaseline | null;
  }>('training-set.json', { prevalence: null, metadata: null });
  return {
    calibrations: labels.map((label) => {
      const { calibration = { kind: 'none' as const }, conformal = null, prior = null } = calibrations[label] ?? {};
      const bound = (value: number | null): number => value ?? Infinity;
      return {
        calibration,
        prior,
        conformal: conformal && {
          ...conformal,
          present: bound(conformal.present),
          absent: bound(conformal.absent),
        },
      };
    }),
    prevalence: prevalence && labels.map((label) => prevalence[label]),
    metadata,
  };
}

/** A JSON file. @throws {InputError} if it is missing or broken. */
export function readJson(file: string): unknown {
  if (!existsSync(file)) throw new InputError('expected a JSON file, got no such file', { file });
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new InputError(`expected JSON, got ${(error as Error).message}`, { file });
  }
}

/** The names in a JSON file: a list, or an object with the list under `labels`. @throws {InputError} if it has none. */
export function readLabelNames(file: string): string[] {
  const content = readJson(file) as { labels?: unknown } | unknown[];
  const names = Array.isArray(content) ? content : content?.labels;
  if (!Array.isArray(names) || names.some((name) => typeof name !== 'string')) {
    throw new InputError('expected a JSON list of label names', { file });
  }
  return names as string[];
}
