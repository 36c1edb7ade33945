import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder, type SetUpKind } from '../start/set-up-folder.js';

/** Removes what was set up, and what an interrupted attempt left. @returns whether there was anything. */
export function removeSetUp(kind: SetUpKind): boolean {
  const parent = cacheFolder();
  const left = existsSync(parent)
    ? readdirSync(parent).filter((name) => name === kind || name.startsWith(`${kind}.partial-`))
    : [];
  left.forEach((name) => rmSync(join(parent, name), { recursive: true, force: true }));
  return left.length > 0;
}
