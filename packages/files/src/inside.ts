import { realpathSync } from 'node:fs';
import { isAbsolute, normalize, relative, resolve, sep } from 'node:path';
import { InputError, type InputPlace } from './input-error.js';
import { regularFile } from './regular-file.js';

/** Names that lead nowhere else: words joined by single slashes, none of them starting with a dot. */
const plainName = /^\w[\w. +-]*(\/\w[\w. +-]*)*$/;

/**
 * The absolute path of a file that a table names, which must stay inside the data folder. Links on the way are not followed.
 *
 * @throws {InputError} if the name is no text, is absolute, leads out of the folder, or holds a NUL byte.
 */
export function resolveInside(folder: string, name: string, place: InputPlace = {}): string {
  if (plainName.test(name) && isAbsolute(folder) && normalize(folder) === folder && typeof name === 'string')
    return folder.endsWith(sep) ? folder + name : folder + sep + name;
  if (typeof name !== 'string' || name.includes('\0') || isAbsolute(name)) throw leadsOut(name, place);
  const path = resolve(folder, name);
  if (isOutside(relative(resolve(folder), path))) throw leadsOut(name, place);
  return path;
}

/**
 * The same of a file that is read as text, lest one that came from elsewhere shows any file: where a link leads counts, too.
 *
 * @param expected what it should be, for errors.
 * @throws {InputError} as {@link resolveInside} does, and if there is no such file, or a link leads out of the folder.
 */
export function fileInside(folder: string, name: string, expected: string, place: InputPlace = {}): string {
  const path = resolveInside(folder, name, place);
  regularFile(path, expected);
  if (isOutside(relative(realpathSync(folder), realpathSync(path))))
    throw new InputError(
      `expected a file inside the data folder, got ${JSON.stringify(name)}, a link that leads out of it; copy the file into the folder`,
      place,
    );
  return path;
}

function isOutside(path: string): boolean {
  return path === '..' || path.startsWith(`..${sep}`) || isAbsolute(path);
}

function leadsOut(name: unknown, place: InputPlace): InputError {
  return new InputError(
    `expected a path inside the data folder, got ${JSON.stringify(name)}; use a relative path`,
    place,
  );
}
