import { join } from 'node:path';
import {
  folderHash,
  labelAxes,
  type LabelAxis,
  type ModelConfig,
  readModel,
  type StoredModel,
} from '@cxr-align/classifier';
import { selectSamples, type Dataset } from '@cxr-align/datasets';
import { InputError, readJson, type StoredTensor } from '@cxr-align/files';
import type { Parameters } from '@cxr-align/nn';
import { trainedOn } from '../evaluate/trained-on.js';
import { readIdentity, type StartIdentity } from '../identity/run-identity.js';
import { samplesIn } from '../inputs/prepare-data.js';
import type { Values } from '../loop/records.js';
import { checkIfNamed } from '../run-folder.js';
import type { PreparedTraining } from './prepare-training.js';

/** What a run started from, as `config.json` and the report have it. */
export interface StartRecord extends StartIdentity {
  /** The run folder. */
  run: string;
  /** Arrays that were taken over. */
  arrays: number;
  /** Labels whose weights were taken over by their name, and those that have random ones. */
  labels: { taken: string[]; random: string[] };
  /** Arrays that the other model does not have: they start as they do without it. */
  newArrays: string[];
  /** Arrays of the other model that this one does not have. */
  unusedArrays: string[];
  /** Evaluated images that the other run was trained on, or that chose its epoch; a sentence for each kind. */
  optimistic: string[];
}

/** A model that a run starts from. */
export interface StartModel extends StartIdentity {
  run: string;
  stored: StoredModel;
}

/** The identity of the model of a run. @throws {InputError} if there is none, or it is damaged. */
export function startIdentity(run: string): StartIdentity {
  readModel(run);
  return { modelSha256: folderHash(join(run, 'model')) };
}

/** Reads the model of a run. @throws {InputError} if there is none, or it is damaged. */
export function readStart(run: string): StartModel {
  return { run, stored: readModel(run), ...startIdentity(run) };
}

/**
 * Puts the weights of another model into one that has just been built: those of the same name, and of each label that both have. What the
 * other one has not stays random.
 *
 * @throws {InputError} if an array has another shape, or nothing is the same.
 */
export async function startFrom(
  { run, modelSha256, stored }: StartModel,
  { config, labels, parameters }: { config: ModelConfig; labels: readonly string[]; parameters: Parameters },
): Promise<Omit<StartRecord, 'optimistic'>> {
  const then = stored.graph.labels;
  const own = await parameters.values();
  const places = labels.map((label) => then.indexOf(label));
  const isSame = then.join('\0') === labels.join('\0');
  const merged: Values = new Map();
  const newArrays: string[] = [];
  const refused: string[] = [];
  for (const [name, array] of own) {
    const source = stored.weights.get(name);
    const axes = isSame ? [] : labelAxes(config, name);
    if (axes === undefined)
      throw new InputError(
        `expected a run on the labels ${labels.join(', ')} to start a model ${config.model} of a plug-in from, got one on ${then.join(', ')}; use the same labels`,
        { file: run },
      );
    const matched = source && matchedByLabel(array, source, { axes, places, then: then.length });
    // The weights of branches are fitted on validation, and there may be others.
    if (!source || (!matched && name === 'head/stacking')) newArrays.push(name);
    else if (!matched) refused.push(`${name} [${source.shape.join(', ')}] instead of [${array.shape.join(', ')}]`);
    merged.set(name, matched ?? array);
  }
  if (refused.length > 0)
    throw new InputError(
      `expected a run whose arrays have the shapes of this configuration to start from, got ${listed(refused)}; use its image.size, encoder and decoder`,
      { file: run },
    );
  const arrays = own.size - newArrays.length;
  if (arrays === 0)
    throw new InputError(
      `expected a run that shares weights with a model ${config.model} to start from, got a model ${stored.config.model} that shares none; use a run of the same model`,
      { file: run },
    );
  parameters.load(merged);
  return {
    run,
    modelSha256,
    arrays,
    labels: {
      taken: labels.filter((_, i) => places[i] >= 0),
      random: labels.filter((_, i) => places[i] < 0),
    },
    newArrays,
    unusedArrays: [...stored.weights.keys()].filter((name) => !own.has(name)),
  };
}

/**
 * An array with the parts of those labels that another one has, too.
 *
 * @returns undefined if the shapes differ along another axis than those of labels.
 */
function matchedByLabel(
  own: StoredTensor & { data: Float32Array },
  source: StoredTensor,
  { axes, places, then }: { axes: readonly LabelAxis[]; places: readonly number[]; then: number },
): { shape: number[]; data: Float32Array } | undefined {
  const { shape } = own;
  const widthOf = (axis: number): number | undefined => axes.find((one) => one.axis === axis)?.width;
  const fits = shape.every((extent, axis) => {
    const width = widthOf(axis);
    return source.shape[axis] === (width === undefined ? extent : then * width);
  });
  if (!fits || source.shape.length !== shape.length) return undefined;
  // Along each axis: where the other array has what belongs here; −1 where it has not.
  const from = shape.map((extent, axis) => {
    const width = widthOf(axis);
    return Int32Array.from({ length: extent }, (_, at) => {
      if (width === undefined) return at;
      const place = places[Math.floor(at / width)];
      return place < 0 ? -1 : place * width + (at % width);
    });
  });
  const data = own.data.map((value, flat) => {
    let rest = flat;
    let at = 0;
    let stride = 1;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      const place = from[axis][rest % shape[axis]];
      if (place < 0) return value;
      rest = Math.floor(rest / shape[axis]);
      at += place * stride;
      stride *= source.shape[axis];
    }
    return source.data[at];
  });
  return { shape: [...shape], data };
}

/** What a person should know of evaluated images that the run was trained on that another one starts from. */
export function startOverlap(
  run: string,
  table: Dataset,
  { loaded, split }: Pick<PreparedTraining, 'loaded' | 'split'>,
): string[] {
  const samples = samplesIn(loaded.dataset, split);
  const evaluated = {
    dataset: selectSamples(loaded.dataset, samples),
    contentOf: (sample: number) => loaded.contentOf(samples[sample]),
  };
  return trainedOn(run, table, evaluated).flatMap((line) =>
    line.startsWith(optimistic)
      ? [`${optimistic}by the run that it started from, ${line.slice(optimistic.length)}`]
      : [],
  );
}

const optimistic = 'optimistic: ';

/**
 * What a run that is resumed was started from.
 *
 * @returns undefined for random weights, and where it cannot be read.
 */
export function formerStart(run: string): StartRecord | undefined {
  try {
    const identity = readIdentity(run)?.from;
    if (!identity) return undefined;
    checkIfNamed(run, 'config.json');
    const { from } = readJson(join(run, 'config.json')) as { from?: StartRecord };
    return from?.modelSha256 === identity.modelSha256 ? from : undefined;
  } catch (error) {
    if (error instanceof InputError) return undefined;
    throw error;
  }
}

/** What is reported of a start, a sentence each. */
export function startRemarks(start: StartRecord | undefined): string[] {
  if (!start) return [];
  const { run, modelSha256, arrays, labels, newArrays, unusedArrays } = start;
  const { taken, random } = labels;
  return [
    `started from the weights of ${run} (model ${modelSha256.slice(0, 12)}): ${arrays} arrays, ${taken.length} of ${taken.length + random.length} labels by name`,
    ...(random.length > 0 ? [`labels that it does not have start from random weights: ${random.join(', ')}`] : []),
    ...(newArrays.length > 0 ? [`arrays that it does not have start as they do without it: ${listed(newArrays)}`] : []),
    ...(unusedArrays.length > 0 ? [`arrays of it that are not used: ${listed(unusedArrays)}`] : []),
  ];
}

function listed(names: readonly string[]): string {
  const shown = names.slice(0, 5).join(', ');
  return names.length > 5 ? `${shown} and ${names.length - 5} more` : shown;
}
