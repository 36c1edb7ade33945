import { isAbsolute, normalize, relative, resolve, sep } from 'node:path';
import { InputError, type InputPlace } from './input-error.js';

/** Names that lead nowhere else: words joined by single slashes, none of them starting with a dot. */
const plainName = /^\w[\w. +-]*(\/\w[\w. +-]*)*$/;

/**
 * The absolute path of a file that a table names, which must stay inside the data folder.
 *
 * @throws {InputError} if the name is absolute, leads out of the folder, or holds a NUL byte.
 */
export function resolveInside(folder: string, name: string, place: InputPlace = {}): string {
  if (plainName.test(name) && isAbsolute(folder) && normalize(folder) === folder)
    return folder.endsWith(sep) ? folder + name : folder + sep + name;
  const path = resolve(folder, name);
  const inside = relative(resolve(folder), path);
  if (
    name.includes('\0') ||
    isAbsolute(name) ||
    inside === '..' ||
    inside.startsWith(`..${sep}`) ||
    isAbsolute(inside)
  ) {
    throw new InputError(
      `expected a path inside the data folder, got ${JSON.stringify(name)}; use a relative path`,
      place,
    );
  }
  return path;
}
