import { readFileSync } from 'node:fs';
import { faultReason } from './fault-reason.js';
import { InputError, unreadable } from './input-error.js';
import { regularFile } from './regular-file.js';

/** The most bytes of a JSON file: a text of more cannot be held. */
const sizeLimit = 2 ** 29 - 2 ** 20;
/** The most values within values. */
export const depthLimit = 100;

/**
 * Reads a JSON file in UTF-8, with or without a byte order mark.
 *
 * A key `__proto__` becomes an entry of its object like any other and changes no prototype; whoever copies such an object
 * key by key needs a Map, or an object without a prototype.
 *
 * @throws {InputError} if the file is missing, cannot be read, is no JSON, is larger than 511 MiB, or has values within values
 *   more than 100 deep.
 */
export function readJson(file: string): unknown {
  return parseJson(readText(file, 'a JSON file', sizeLimit), file);
}

/** The text of a file. @throws {InputError} if it is missing, or larger than a limit. */
export function readText(file: string, expected: string, limit: number): string {
  regularFile(file, expected, limit);
  try {
    return readFileSync(file, 'utf8').replace(/^\uFEFF/, '');
  } catch (error) {
    throw unreadable(error, expected, file);
  }
}

/** The value of a text in JSON. @throws {InputError} if it is none, or too deep. */
export function parseJson(text: string, file: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new InputError(`expected JSON, got ${faultReason(error)}; correct it there`, { file });
  }
  refuseDeep(value, file);
  return value;
}

/** @throws {InputError} if a value has values within values beyond the limit: programs that walk over it would not end well. */
export function refuseDeep(value: unknown, file: string): void {
  let level = new Set([value].filter(isObject));
  for (let depth = 0; level.size > 0; depth++) {
    if (depth > depthLimit)
      throw new InputError(`expected values nested at most ${depthLimit} deep, got more; write it flatter`, { file });
    // What several aliases stand for is one value.
    const next = new Set<object>();
    for (const one of level) for (const inner of Object.values(one)) if (isObject(inner)) next.add(inner);
    level = next;
  }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
