// What takes long to make is kept under a hash of what it was made from.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../../../tools/scripts/workspace.mjs';

const place = join(root, 'node_modules', '.cache', 'cxr-align-docs');

/** A hash of files and folders, given from the root. Of folders, of everything in them. */
export function hashOf(paths) {
  const hash = createHash('sha256');
  const add = (path) => {
    const full = join(root, path);
    if (!existsSync(full)) return;
    const entries = readdirSyncOrNothing(full);
    if (entries) for (const name of entries.sort()) add(join(path, name));
    else hash.update(`${path}\0`).update(readFileSync(full));
  };
  paths.forEach(add);
  return hash.digest('hex').slice(0, 24);
}

function readdirSyncOrNothing(path) {
  try {
    return readdirSync(path);
  } catch {
    return undefined;
  }
}

/**
 * A folder with what `make(folder)` writes, made once for each key; those of other keys of that name are removed.
 *
 * @returns the folder, and whether it was there already.
 */
export async function cached(name, key, make) {
  const folder = join(place, `${name}-${key}`);
  if (existsSync(folder)) return { folder, isNew: false };
  const unfinished = `${folder}.unfinished`;
  rmSync(unfinished, { recursive: true, force: true });
  mkdirSync(unfinished, { recursive: true });
  await make(unfinished);
  for (const other of readdirSync(place))
    if (other.startsWith(`${name}-`) && !other.endsWith('.unfinished')) rmSync(join(place, other), { recursive: true });
  renameSync(unfinished, folder);
  return { folder, isNew: true };
}
