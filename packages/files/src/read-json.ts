import { readFileSync } from 'node:fs';
import { InputError } from './input-error.js';

/** A JSON file. @throws {InputError} if it is missing or broken. */
export function readJson(file: string): unknown {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new InputError(`expected a JSON file, got ${code === 'ENOENT' ? 'no such file' : code}`, { file });
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new InputError(`expected JSON, got ${(error as Error).message}`, { file });
  }
}
