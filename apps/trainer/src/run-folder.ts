import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import {
  InputError,
  readSafetensors,
  sha256,
  writeFileAtomic,
  writeSafetensors,
  type StoredTensor,
  readJson,
} from '@cxr-align/files';
import { LabelGraph, type LabelGraphDefinition } from '@cxr-align/label-graph';
import type { LabelCalibration } from './evaluation/calibrated.js';
import { checkConfig, type Config } from './config/config.js';
import type { ImageInput, InputDescription } from './inputs/model-inputs.js';
import type { MetadataBaseline } from './evaluation/metadata-baseline.js';
import { takeTextArrays, textArrays, type FrozenTexts, type LabelWords } from './prompts/texts.js';

/** All that `predict` needs, as it lies in `RUN/model/`: data, no code. */
export interface StoredModel {
  weights: Map<string, StoredTensor>;
  /** Frozen texts of the labels, those that were held out last. */
  texts?: FrozenTexts;
  /** The similarity [labels, labels] that embeddings were to follow. */
  target?: StoredTensor;
  config: Config;
  /** What the model takes. */
  input: InputDescription;
  /** The trained labels. */
  graph: LabelGraph;
  /** The same with the labels that are told by their prompts alone, which come last. */
  zeroShot?: LabelGraph;
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
    zeroShot,
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
    new Map([...weights, ...(texts ? textArrays(texts) : []), ...(target ? [['target', target] as const] : [])]),
  );
  json('config.json', { config, input, textEncoder: texts?.encoder ?? null, weightsSha256: sha256(bytes) });
  json('labels.json', graph.labels);
  json('graph.json', graph.toDefinition());
  json('prompts.json', texts?.words ?? []);
  if (zeroShot) json('zero-shot.json', zeroShot.toDefinition());
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
  const { config, weightsSha256, input, textEncoder, ...image } = readJson(join(folder, 'config.json')) as {
    config: unknown;
    textEncoder?: FrozenTexts['encoder'];
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
  const words = readJson(join(folder, 'prompts.json')) as LabelWords[];
  const texts = takeTextArrays(weights, words, textEncoder ?? null);
  const target = weights.get('target');
  weights.delete('target');
  const zeroShot = join(folder, 'zero-shot.json');
  // Runs of before have no probe, and a configuration that does not say so.
  const checked = checkConfig(config, join(folder, 'config.json'));
  const probeWeight = 'head/probe/weight';
  addEqualStacking(weights);
  return {
    weights,
    texts,
    target,
    config: { ...checked, encoder: { ...checked.encoder, probe: checked.encoder.probe && weights.has(probeWeight) } },
    input: input ?? { kind: 'image', ...image },
    graph,
    ...(existsSync(zeroShot) && { zeroShot: new LabelGraph(readJson(zeroShot) as LabelGraphDefinition) }),
    thresholds: graph.labels.map((label) => thresholds[label] ?? NaN),
    ...readFitted(folder, graph),
  };
}

/** Runs of before have no weights of their branches: they say the same. */
function addEqualStacking(weights: Map<string, StoredTensor>): void {
  const has = (place: string): boolean => [...weights.keys()].some((name) => name.startsWith(place));
  const count = 1 + Number(has('head/probe/')) + Number(has('splitter/stem/'));
  if (count > 1 && !weights.has('head/stacking'))
    weights.set('head/stacking', { shape: [count], data: new Float32Array(count).fill(1 / count) });
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

/** Refuses to overwrite a run by accident, and clears what an earlier try left. */
export function prepareFolder(run: string, resume: boolean): void {
  if (existsSync(join(run, 'evaluation.json')) && resume) {
    throw new InputError(
      'expected an unfinished run to go on with, got a finished one; train again without --resume, or use another --out',
      { file: run },
    );
  }
  if (!resume) {
    for (const name of [
      'checkpoints',
      'model',
      'history.jsonl',
      'gradients.jsonl',
      'evaluation.json',
      'predictions.parquet',
      'report.html',
      'figures',
      'config.json',
    ]) {
      rmSync(join(run, name), { recursive: true, force: true });
    }
  }
  mkdirSync(run, { recursive: true });
}
