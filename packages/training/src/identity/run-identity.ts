import { existsSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { FrozenTexts, InputDescription } from '@cxr-align/classifier';
import type { Dataset } from '@cxr-align/datasets';
import type { Engine } from '@cxr-align/engine';
import { InputError, schemaFault, sealJson, sha256, unsealJson, writeFileAtomic } from '@cxr-align/files';
import type { LabelGraph } from '@cxr-align/label-graph';
import type { Config } from '../config/config-schema.js';
import { pluginFiles } from '../plugins.js';
import type { LoadedData } from '../inputs/load-inputs.js';
import type { OpenedDataset } from '../inputs/prepare-data.js';
import { codeVersions } from './code-versions.js';
import { identitySchema } from './identity-schema.js';
import { dataDifferences, dataIdentity, ofOtherImages, tableIdentity, type DataIdentity } from './data-identity.js';
import { placedDigests } from './row-digests.js';

const identityVersion = 1;

/** The file in a run folder that identifies the run. */
export const identityFile = (run: string): string => join(run, 'identity.json');

/** What a run is of: with the same, it continues bit for bit where it was stopped. */
export interface RunIdentity {
  formatVersion: number;
  data: DataIdentity;
  config: Config;
  /** Which images are trained on and evaluated, as requested. */
  selection: Record<'trainCount' | 'trainFraction' | 'splitSeed' | 'split', number | string | null>;
  /** Hashes of what else goes in: the label graph, the frozen texts, the inputs' description, targets and samples as they are used. */
  parts: Record<'label graph' | 'texts' | 'inputs' | 'targets' | 'training images', string>;
  /** SHA-256 of the plug-ins' files. */
  plugins: Record<string, string>;
  code: Record<string, string>;
  /** What may change the last bits of a step and is only remarked on. */
  machine: { engine: string; node: string };
  /** The images without labels that it is trained on, by a hash of their names, contents and features; absent where there are none. */
  archive?: { images: number; sha256: string };
  /** The model whose weights the run starts from; absent where it starts from random ones. */
  from?: StartIdentity;
}

/** The model that a run starts from: the hash of its folder, which may lie anywhere. */
export interface StartIdentity {
  modelSha256: string;
}

/** What is requested of a training, as far as its identity goes. */
export interface IdentifiedOptions {
  config: Config;
  data: OpenedDataset;
  trainCount?: number;
  trainFraction?: number;
  splitSeed?: number;
  split?: string;
  /** Where it does not start from random weights. */
  start?: StartIdentity;
}

/** What is made of it, likewise. */
export interface IdentifiedInputs {
  loaded: LoadedData;
  wholeGraph: LabelGraph;
  texts?: FrozenTexts;
  targets: Float32Array;
  truth: Float32Array;
  training: readonly number[];
  validation: readonly number[];
  archive?: { samples: readonly number[]; sha256: string };
}

/** The identity of a training. */
export function runIdentity(
  { config, data, trainCount, trainFraction, splitSeed, split, start }: IdentifiedOptions,
  prepared: IdentifiedInputs,
  engine: Engine,
): RunIdentity {
  const { loaded, wholeGraph, texts, targets, truth, training, validation, archive } = prepared;
  return {
    formatVersion: identityVersion,
    data: dataIdentity(data.dataset, loaded),
    config,
    selection: {
      trainCount: trainCount ?? null,
      trainFraction: trainFraction ?? null,
      splitSeed: splitSeed ?? null,
      split: split ?? null,
    },
    parts: {
      'label graph': sha256(JSON.stringify({ ...wholeGraph.toDefinition(), name: undefined, source: undefined })),
      texts: texts ? hashOfTexts(texts) : '',
      inputs: sha256(JSON.stringify(withoutPlace(loaded.inputs.description))),
      targets: sha256(Buffer.concat([bytesOf(targets), bytesOf(truth)])),
      'training images': sha256(JSON.stringify([training, validation])),
    },
    ...codeIdentity(),
    machine: { engine: `${engine.name} (${engine.description})`, node: process.version },
    ...(archive && { archive: { images: archive.samples.length, sha256: archive.sha256 } }),
    ...(start && { from: { modelSha256: start.modelSha256 } }),
  };
}

/**
 * The identity of a run on some images of a data set as one on the whole of it, as that of a cross-validation from one of its folds.
 *
 * @param rows where each image of the run lies in the table.
 */
export function identityInTable(
  { data: { contents, features }, ...identity }: RunIdentity,
  table: Dataset,
  rows: readonly number[],
): RunIdentity {
  const count = table.samples.length;
  return {
    ...identity,
    data: {
      ...tableIdentity(table),
      contents: placedDigests(contents, rows, count),
      ...(features && { features: placedDigests(features, rows, count) }),
    },
  };
}

/** The code that trains in this process. */
function codeIdentity(): Pick<RunIdentity, 'plugins' | 'code'> {
  const plugins = pluginFiles().map((file) => [basename(file), sha256(readFileSync(file))]);
  return { plugins: Object.fromEntries(plugins) as Record<string, string>, code: codeVersions() };
}

/** How the code of this process differs from that which a run was trained by. */
export function codeDifferences(
  then: RunIdentity,
  now: Pick<RunIdentity, 'plugins' | 'code'> = codeIdentity(),
): string[] {
  return [
    ...valueDifferences(then.plugins, now.plugins, 'plug-in ', (value) =>
      value === undefined ? 'none' : 'another content',
    ),
    ...valueDifferences(then.code, now.code, ''),
  ];
}

/** A hash of all that must be the same: the machine need not be, nor what the folder of the data is called. */
export function hashOfIdentity({ machine: _, data: { name: _name, ...data }, ...identity }: RunIdentity): string {
  return sha256(JSON.stringify({ ...identity, data }));
}

/** What of a configuration only determines how long a training is: its steps are the same where their learning rates are. */
export const lengthKeys = ['epochs', 'warmup', 'patience'] as const;

/** Whether runs are of the same, but for how far they are trained. */
export function isSameButLength(then: RunIdentity, now: RunIdentity): boolean {
  const { epochs, warmup, patience } = now.config;
  return hashOfIdentity({ ...then, config: { ...then.config, epochs, warmup, patience } }) === hashOfIdentity(now);
}

/** Writes `RUN/identity.json`. */
export function writeIdentity(run: string, identity: RunIdentity): void {
  writeFileAtomic(identityFile(run), sealJson(identity));
}

/** Reads `RUN/identity.json`; undefined where there is none. @throws {InputError} if it is damaged or of another version. */
export function readIdentity(run: string): RunIdentity | undefined {
  const file = identityFile(run);
  if (!existsSync(file)) return undefined;
  const hint = 'resume the run with its own data, which writes the file again';
  const identity = unsealJson(readFileSync(file, 'utf8'), { file, hint, hashOf: sha256 });
  const { formatVersion } = identity as RunIdentity;
  if (formatVersion !== identityVersion)
    throw new InputError(
      `expected an identity of version ${identityVersion}, got ${JSON.stringify(formatVersion)}; ${hint}`,
      {
        file,
      },
    );
  const { error } = identitySchema.safeParse(identity);
  if (error)
    throw new InputError(`expected the identity of a run, got another content (${schemaFault(error)}); ${hint}`, {
      file,
    });
  return identity as RunIdentity;
}

/** The configuration that a run was begun with; undefined where the folder holds none. @throws {InputError} if it is damaged. */
export function readRunConfig(run: string): Config | undefined {
  return readIdentity(run)?.config;
}

/**
 * Checks that a run is resumed with what it was begun with.
 *
 * @param known the hash that its checkpoint has.
 * @param nameOf the name of the image in a row of the table.
 * @returns remarks: how the machine differs.
 * @throws {InputError} if anything else differs, by the name of what does.
 */
export function checkIdentity(
  run: string,
  now: RunIdentity,
  { known, nameOf }: { known: string; nameOf: (row: number) => string },
): string[] {
  const isSame = hashOfIdentity(now) === known;
  const then = readOrNone(run, isSame);
  if (!isSame) {
    const differences = then && hashOfIdentity(then) === known ? identityDifferences(then, now, nameOf) : [];
    throw new InputError(
      `expected the data and configuration that the run was begun with, got ${differences.join('; ') || 'others'}; resume it with those, use another folder, or overwrite the run`,
      { file: run },
    );
  }
  // A training that was killed when its length was changed has written the checkpoint, and not yet this file.
  if (!then || hashOfIdentity(then) !== known) writeIdentity(run, now);
  const keys = then ? (['engine', 'node'] as const).filter((key) => then.machine[key] !== now.machine[key]) : [];
  return keys.map(
    (key) =>
      `resumed with ${key} ${now.machine[key]}, begun with ${then!.machine[key]}: from here on the last bits may differ from those of a run that was not stopped`,
  );
}

/** A damaged file is as good as none where the hash in the checkpoint shows that all is the same. */
function readOrNone(run: string, isSame: boolean): RunIdentity | undefined {
  try {
    return readIdentity(run);
  } catch (error) {
    if (!isSame || !(error instanceof InputError)) throw error;
    return undefined;
  }
}

/** How what a run is of differs from what an earlier one was of, a text for each difference. */
export function identityDifferences(then: RunIdentity, now: RunIdentity, nameOf: (row: number) => string): string[] {
  const data = dataDifferences(then.data, now.data, nameOf);
  const settings = valueDifferences({ ...then.config }, { ...now.config }, '');
  const selection = valueDifferences(then.selection, now.selection, '');
  const start =
    then.from?.modelSha256 === now.from?.modelSha256
      ? []
      : [`${startText(now.from)} instead of ${startText(then.from)}`];
  const archive = valueDifferences({ images: then.archive?.images }, { images: now.archive?.images }, 'unlabelled ');
  if (archive.length === 0 && then.archive?.sha256 !== now.archive?.sha256) archive.push('other unlabelled images');
  const changes = [...settings, ...archive, ...selection, ...start, ...codeDifferences(then, now)];
  // Another choice of images is why others were read.
  const named = [...(changes.length > 0 ? data.filter((text) => !text.endsWith(ofOtherImages)) : data), ...changes];
  const parts = Object.entries(now.parts).flatMap(([part, hash]) =>
    hash === then.parts[part as keyof RunIdentity['parts']] ? [] : [`other ${part}`],
  );
  // They follow from the data and the configuration: named where nothing else is.
  return named.length > 0 ? named : parts;
}

function startText(start: StartIdentity | undefined): string {
  return start ? `the weights of the model ${start.modelSha256.slice(0, 12)}` : 'random weights';
}

function valueDifferences(
  then: object,
  now: object,
  prefix: string,
  shown: (value: unknown) => string = (value) => JSON.stringify(value) ?? 'none',
): string[] {
  const [a, b] = [new Map(leaves(then)), new Map(leaves(now))];
  return [...new Set([...a.keys(), ...b.keys()])].flatMap((key) =>
    JSON.stringify(a.get(key)) === JSON.stringify(b.get(key))
      ? []
      : [`${prefix}${key} ${shown(b.get(key))} instead of ${shown(a.get(key))}`],
  );
}

function leaves(value: object, prefix = ''): [string, unknown][] {
  return Object.entries(value).flatMap(([key, inner]): [string, unknown][] =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? leaves(inner as object, `${prefix}${key}.`)
      : [[`${prefix}${key}`, inner]],
  );
}

function hashOfTexts(texts: FrozenTexts): string {
  return sha256(
    JSON.stringify(texts, (_, value: unknown) =>
      value instanceof Float32Array || value instanceof Int32Array ? sha256(bytesOf(value)) : value,
    ),
  );
}

/** The inputs wherever the encoder's folder lies. */
function withoutPlace(description: InputDescription): object {
  const { encoder: _, ...rest } = description as InputDescription & { encoder?: string | null };
  return rest;
}

function bytesOf({ buffer, byteOffset, byteLength }: Float32Array | Int32Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
