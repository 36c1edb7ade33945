import { InputError } from '@cxr-align/files';
import { nearestName } from '@cxr-align/tensor';
import { z } from 'zod';

/** Names that other libraries have for keys of ours. */
const otherNames: Readonly<Record<string, string>> = {
  lr: 'learningRate',
  bs: 'batchSize',
  batch: 'batchSize',
  wd: 'weightDecay',
  size: 'image.size',
  imageSize: 'image.size',
  loss: 'classificationLoss',
  clip: 'maxGradientNorm',
  gradAccum: 'accumulation',
  earlyStopping: 'patience',
  ema: 'weightAveraging',
  scheduler: 'schedule',
};

/** The key that a mistyped one, or one of another library, most probably means; undefined if none is near. */
export function nearestKey(name: string, keys: readonly string[]): string | undefined {
  const plain = (key: string): string => key.replace(/[-_]/g, '').toLowerCase();
  const other = Object.entries(otherNames).find(([one]) => plain(one) === plain(name))?.[1];
  if (other !== undefined && keys.includes(other)) return other;
  return keys.find((key) => plain(key) === plain(name)) ?? nearestName(name, keys);
}

/** `; did you mean X?` where a name is near. */
export function suggestion(nearest: string | undefined): string {
  return nearest === undefined ? '' : `; did you mean ${nearest}?`;
}

/**
 * The error of settings that a schema refuses: each key with what was expected, what was found, and the nearest name.
 *
 * @param keys every key with its dots, to suggest one in the place of an unknown key.
 * @param file the file or the other place that the settings are from.
 */
export function settingsError(error: z.ZodError, keys: readonly string[], file: string): InputError {
  return new InputError(error.issues.map((issue) => issueText(issue, keys)).join('; '), { file });
}

function issueText(issue: z.core.$ZodIssue, keys: readonly string[]): string {
  const path = issue.path.map(String);
  const at = path.join('.');
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownKey(key, path, keys)).join('; ');
  const got = `got ${JSON.stringify(issue.input) ?? 'nothing'}`;
  if (issue.code === 'invalid_value') {
    const values = issue.values.map(String);
    return `expected ${at} to be ${values.length === 1 ? values[0] : `one of ${values.join(', ')}`}, ${got}${suggestion(typeof issue.input === 'string' ? nearestName(issue.input, values) : undefined)}`;
  }
  if (issue.code === 'invalid_type') return `expected ${at} to be ${withArticle(issue.expected)}, ${got}`;
  if (issue.code === 'too_small')
    return `expected ${at} to be ${issue.inclusive ? 'at least' : 'more than'} ${issue.minimum}, ${got}`;
  if (issue.code === 'too_big')
    return `expected ${at} to be ${issue.inclusive ? 'at most' : 'less than'} ${issue.maximum}, ${got}`;
  return at === '' ? issue.message : `${at}: ${issue.message}`;
}

function unknownKey(key: string, path: readonly string[], keys: readonly string[]): string {
  const name = [...path, key].join('.');
  const inner = path.length === 0 ? undefined : nearestName(key, childrenOf(path.join('.'), keys));
  const nearest = inner === undefined ? nearestKey(name, keys) : `${path.join('.')}.${inner}`;
  return `expected a key of the configuration, got ${name}${suggestion(nearest)}`;
}

function childrenOf(path: string, keys: readonly string[]): string[] {
  return keys.flatMap((key) => (key.startsWith(`${path}.`) ? [key.slice(path.length + 1)] : []));
}

function withArticle(kind: string): string {
  const name = { int: 'whole number', record: 'object', string: 'text' }[kind] ?? kind;
  return `${/^[aeiou]/.test(name) ? 'an' : 'a'} ${name}`;
}
