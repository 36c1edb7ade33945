import { existsSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { asideOf, createFile, InputError, remove } from '@cxr-align/files';

/** For a flag that names a folder to write: refuses, before any work, what cannot be one. For `coerce` of yargs. */
export function outputFolder(flag: string): (path: string) => string {
  return (path) => {
    if (path === undefined || path === '') return path;
    if (existsSync(path) && !statSync(path).isDirectory())
      throw new InputError(`expected --${flag} to be a folder, got the file ${path}; name a folder`);
    checkWritable(flag, path);
    return path;
  };
}

/** For a flag that names a file to write: refuses, before any work, what cannot be one. For `coerce` of yargs. */
export function outputFile(flag: string): (path: string) => string {
  return (path) => {
    if (path === undefined || path === '') return path;
    if (existsSync(path) && statSync(path).isDirectory())
      throw new InputError(`expected --${flag} to be a file, got the folder ${path}; name a file in it`);
    checkWritable(flag, dirname(path));
    return path;
  };
}

/**
 * Writes to the nearest folder that exists: below /proc, for one, nothing can be made, and Node's recursive `mkdir` never ends.
 *
 * @throws {InputError} if nothing can be written there.
 */
function checkWritable(flag: string, path: string): void {
  let folder = resolve(path);
  while (!existsSync(folder)) folder = dirname(folder);
  if (!statSync(folder).isDirectory())
    throw new InputError(`expected --${flag} to be in a folder, got ${path}, where ${folder} is a file; name another`);
  try {
    const tried = asideOf(join(folder, 'tried'));
    createFile(tried).close();
    remove(tried);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new InputError(
      `expected --${flag} to be where files can be written, got ${path} (${folder}: ${code ?? message}); name another, or free space there`,
    );
  }
}
