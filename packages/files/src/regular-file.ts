import { statSync, type Stats } from 'node:fs';
import { InputError, unreadable } from './input-error.js';

/**
 * What the system states about a file that is about to be read. Links are followed.
 *
 * @param expected what it should have been, such as `a JSON file`.
 * @param limit the most bytes that it may have. Default any number.
 * @throws {InputError} if it is missing, a folder, larger, or a pipe or device: these may have no end.
 */
export function regularFile(file: string, expected: string, limit = Infinity): Stats {
  let found: Stats;
  try {
    found = statSync(file);
  } catch (error) {
    throw unreadable(error, expected, file);
  }
  if (!found.isFile())
    throw new InputError(
      `expected ${expected}, got ${found.isDirectory() ? 'a folder' : 'a pipe or device'}; check the path`,
      { file },
    );
  if (found.size > limit)
    throw new InputError(`expected ${expected} of at most ${limit} bytes, got ${found.size}; is it the right file?`, {
      file,
    });
  return found;
}
