import { join } from 'node:path';
import { InputError, readYaml } from '@cxr-align/files';
import { z } from 'zod';
import { settingsError } from './config-issues.js';
import presetData from './presets.json' with { type: 'json' };
import { type Registry, type StoredModel, readModel } from '@cxr-align/classifier';
import { checkedSchema } from './config-rules.js';
import { configSchema, type Config } from './config-schema.js';

export type { Config };

/** The configurations that have a name. */
export const presets = presetData as Record<string, object>;

/** Where the parts of a configuration come from; the later ones win. */
export interface ConfigSources {
  preset?: string;
  /** A JSON or YAML file. */
  file?: string;
  /** Parts that lie over the preset and the file. */
  layers?: readonly object[];
  /** `key=value` with dots in the key and JSON or plain text as the value. */
  set?: readonly string[];
  /** Values of flags of their own. */
  flags?: Record<string, unknown>;
  /** What errors name as the place of a wrong key; the file unless given. */
  place?: string;
}

/** A configuration with any of its keys, at any depth. */
export type PartialConfig = DeepPartial<Config> & {
  /** A named configuration that the keys change; see {@link presets}. */
  preset?: string;
};

type DeepPartial<T> = {
  [K in keyof T]?: T[K] extends readonly unknown[] ? T[K] : T[K] extends object ? DeepPartial<T[K]> : T[K];
};

/**
 * A complete configuration: the defaults, changed by a preset and by keys.
 *
 * @throws {InputError} on an unknown key or a value out of range, named.
 *
 * @example
 * const config = resolveConfig({ preset: 'aligned', epochs: 12, losses: { graph: 0 } });
 */
export function resolveConfig({ preset, ...changes }: PartialConfig = {}): Config {
  return makeConfig({ preset, layers: [changes] });
}

/** Puts a configuration together. @throws {InputError} on an unknown key or a value out of range, named. */
export function makeConfig(sources: ConfigSources): Config {
  const { preset, file, layers: parts = [], set = [], flags = {}, place = file ?? 'configuration' } = sources;
  if (preset !== undefined && !Object.hasOwn(presets, preset)) {
    throw new InputError(`expected a preset of ${Object.keys(presets).join(', ')}, got ${preset}`);
  }
  const layers: unknown[] = [
    preset === undefined ? {} : presets[preset],
    file === undefined ? {} : (readYaml(file) ?? {}),
    ...parts,
  ];
  layers.push(...set.map(readAssignment), definedOnly(flags));
  return checkConfig(layers.map(nested).reduce<unknown>(merge, {}), place);
}

/** Checks a complete or partial configuration and fills in the defaults. */
export function checkConfig(content: unknown, place: string): Config {
  const result = checkedSchema.safeParse(content, { reportInput: true });
  if (!result.success)
    throw settingsError(
      result.error,
      configKeys().map(({ key }) => key),
      place,
    );
  return result.data;
}

/** One key of the configuration. */
export interface ConfigKey {
  /** With dots between the levels: `image.size`. */
  key: string;
  default: unknown;
  description: string;
  /** The names that it can have, where these are a list. */
  choices?: readonly string[];
  /** What numbers it can be: `a whole number ≥ 1`, `a number in [0, 1]`. */
  range?: string;
}

/** Every key of the configuration, in the order of the schema. */
export function configKeys(): ConfigKey[] {
  const keysOf = (shape: Record<string, z.ZodType>, path: string, values: Record<string, unknown>): ConfigKey[] =>
    Object.entries(shape).flatMap(([name, type]) => {
      const inner = unwrap(type);
      const key = `${path}${name}`;
      if (inner instanceof z.ZodObject)
        return keysOf(inner.shape as Record<string, z.ZodType>, `${key}.`, values[name] as Record<string, unknown>);
      const choices =
        inner instanceof z.ZodEnum
          ? inner.options.map(String)
          : (inner.meta()?.registry as Registry<unknown> | undefined)?.names;
      const range = inner instanceof z.ZodNumber ? rangeOf(inner) : undefined;
      const description = type.description ?? '';
      return [{ key, default: values[name], description, ...(choices && { choices }), ...(range && { range }) }];
    });
  return keysOf(configSchema.shape, '', configSchema.parse({}));
}

/** Every key with its default and what it does, a line each. */
export function describeConfig(): string {
  return configKeys()
    .map(
      ({ key, default: value, description, choices }) =>
        `${key.padEnd(26)} ${JSON.stringify(value).padEnd(16)} ${description}${choices ? ` [${choices.join(', ')}]` : ''}`,
    )
    .join('\n');
}

/** The numbers that a type takes, in words. */
function rangeOf(type: z.ZodNumber): string {
  const { minimum, exclusiveMinimum, maximum, type: kind } = z.toJSONSchema(type);
  const isWhole = kind === 'integer';
  const isBounded = maximum !== undefined && maximum < Number.MAX_SAFE_INTEGER;
  const lower = exclusiveMinimum === undefined ? `≥ ${minimum}` : `> ${exclusiveMinimum}`;
  const noun = isWhole ? 'a whole number' : 'a number';
  if (isBounded)
    return `${noun} in ${exclusiveMinimum === undefined ? `[${minimum}` : `(${exclusiveMinimum}`}, ${maximum}]`;
  return minimum === undefined && exclusiveMinimum === undefined ? noun : `${noun} ${lower}`;
}

function unwrap(type: z.ZodType): z.ZodType {
  return type instanceof z.ZodDefault || type instanceof z.ZodPrefault ? unwrap(type.def.innerType as z.ZodType) : type;
}

function readAssignment(assignment: string): object {
  const at = assignment.indexOf('=');
  if (at < 1) throw new InputError(`expected key=value, got ${JSON.stringify(assignment)}`);
  const text = assignment.slice(at + 1);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = text;
  }
  return { [assignment.slice(0, at)]: value };
}

/** Settings whose keys have dots, such as `image.size`, as settings in settings. */
function nested(settings: unknown): unknown {
  if (typeof settings !== 'object' || settings === null || Array.isArray(settings)) return settings;
  return Object.entries(settings)
    .map(([key, value]) => key.split('.').reduceRight<unknown>((inner, name) => ({ [name]: inner }), value))
    .reduce<unknown>(merge, {});
}

function definedOnly(values: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}

function merge(under: unknown, over: unknown): unknown {
  const isObject = (value: unknown): value is Record<string, unknown> =>
    typeof value === 'object' && value !== null && !Array.isArray(value);
  if (!isObject(under) || !isObject(over)) return over;
  const keys = new Set([...Object.keys(under), ...Object.keys(over)]);
  return Object.fromEntries(
    [...keys].map((key) => {
      if (!Object.hasOwn(over, key)) return [key, under[key]];
      return [key, Object.hasOwn(under, key) ? merge(under[key], over[key]) : over[key]];
    }),
  );
}

/** The model of a run with the complete configuration of its training. @throws {InputError} if either is damaged. */
export function readTrainedModel(run: string): StoredModel<Config> {
  const stored = readModel(run);
  return { ...stored, config: checkConfig(stored.config, join(run, 'model', 'config.json')) };
}
