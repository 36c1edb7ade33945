import { existsSync, readFileSync } from 'node:fs';
import { InputError } from '@cxr-align/files';

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
