import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { remove, syncFolder } from './disk.js';
import { writeFileAtomic } from './atomic-write.js';

/** The file in a folder that is being written. */
const marker = '.cxr-unfinished';

/** Marks a folder, which is made where it is not there, as one that is being written. */
export function markUnfinished(folder: string): void {
  writeFileAtomic(join(folder, marker), '');
}

/** Takes the mark away, once all that belongs into the folder is on the disk. */
export function markFinished(folder: string): void {
  syncFolder(folder);
  remove(join(folder, marker));
  syncFolder(folder);
}

/** Whether a folder is being written, or its writer was stopped before it was done. */
export function isUnfinished(folder: string): boolean {
  return existsSync(join(folder, marker));
}
