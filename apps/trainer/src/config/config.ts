import { readFileSync } from 'node:fs';
import { InputError } from '@cxr-align/files';
import { parse as parseYaml } from 'yaml';
import { z } from 'zod';
import { checkedSchema } from './config-rules.js';
import { configSchema, type Config } from './config-schema.js';
import presetData from './presets.json' with { type: 'json' };

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
}

/** Puts a configuration together. @throws {InputError} on an unknown key or a value out of range, named. */
export function makeConfig({ preset, file, layers: parts = [], set = [], flags = {} }: ConfigSources): Config {
  if (preset !== undefined && !(preset in presets)) {
    throw new InputError(`expected --preset to be one of ${Object.keys(presets).join(', ')}, got ${preset}`);
  }
  const layers: unknown[] = [
    preset === undefined ? {} : presets[preset],
    file === undefined ? {} : (readSettings(file, '--config') ?? {}),
    ...parts,
  ];
  layers.push(...set.map(readAssignment), definedOnly(flags));
  return checkConfig(layers.reduce<unknown>(merge, {}), file ?? 'configuration');
}

/** Checks a complete or partial configuration and fills in the defaults. */
export function checkConfig(content: unknown, place: string): Config {
  const result = checkedSchema.safeParse(content);
  if (!result.success)
    throw new InputError(z.prettifyError(result.error).replace(/\n\s+→ at /g, ', at '), { file: place });
  return result.data;
}

/** Every key with its default and what it does, a line each. */
export function describeConfig(): string {
  const lines: string[] = [];
  const defaults = configSchema.parse({});
  const walk = (shape: Record<string, z.ZodType>, path: string, values: Record<string, unknown>): void => {
    for (const [key, type] of Object.entries(shape)) {
      const value = values[key];
      const inner = unwrap(type);
      if (inner instanceof z.ZodObject)
        walk(inner.shape as Record<string, z.ZodType>, `${path}${key}.`, value as Record<string, unknown>);
      else {
        const choices = inner instanceof z.ZodEnum ? ` [${inner.options.join(', ')}]` : '';
        lines.push(
          `${`${path}${key}`.padEnd(26)} ${JSON.stringify(value).padEnd(16)} ${type.description ?? ''}${choices}`,
        );
      }
    }
  };
  walk(configSchema.shape, '', defaults);
  return lines.join('\n');
}

function unwrap(type: z.ZodType): z.ZodType {
  return type instanceof z.ZodDefault || type instanceof z.ZodPrefault ? unwrap(type.def.innerType as z.ZodType) : type;
}

/** What a JSON or YAML file says. @throws {InputError} if it cannot be read, naming the flag that named it. */
export function readSettings(file: string, flag: string): unknown {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    throw new InputError(`expected ${flag} to be a file, got ${file} (no such file)`);
  }
  try {
    return parseYaml(text);
  } catch (error) {
    throw new InputError(`expected JSON or YAML, got ${(error as Error).message.split('\n')[0]}`, { file });
  }
}

function readAssignment(assignment: string): object {
  const at = assignment.indexOf('=');
  if (at < 1) throw new InputError(`expected --set key=value, got ${JSON.stringify(assignment)}`);
  const text = assignment.slice(at + 1);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = text;
  }
  return assignment
    .slice(0, at)
    .split('.')
    .reduceRight<unknown>((inner, key) => ({ [key]: inner }), value) as object;
}

function definedOnly(values: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}

function merge(under: unknown, over: unknown): unknown {
  const isObject = (value: unknown): value is Record<string, unknown> =>
    typeof value === 'object' && value !== null && !Array.isArray(value);
  if (!isObject(under) || !isObject(over)) return over;
  const keys = new Set([...Object.keys(under), ...Object.keys(over)]);
  return Object.fromEntries([...keys].map((key) => [key, key in over ? merge(under[key], over[key]) : under[key]]));
}
