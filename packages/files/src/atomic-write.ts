import { dirname } from 'node:path';
import { asideOf } from './aside.js';
import { createFile, makeFolder, remove, rename } from './disk.js';

/**
 * Writes a file so that it is there whole or not at all, also after a loss of power: written aside in the same folder, flushed to the
 * disk, renamed, and the folder flushed. Folders on the way are made. Processes and threads that write the same path at once do not
 * mix: the last one wins.
 *
 * @param content bytes, or a text that is written in UTF-8.
 * @param options `isLasting: false` leaves the folder unflushed, where one `syncFolder` follows for many files. Default true.
 * @throws {DiskError} where the disk is full, read-only or gone, with the file and what to try; what was written aside is removed.
 */
export function writeFileAtomic(
  path: string,
  content: string | Uint8Array,
  options: { isLasting?: boolean } = {},
): void {
  const out = openFileAtomic(path, options);
  try {
    out.write(content);
    out.finish();
  } catch (error) {
    out.cancel();
    throw error;
  }
}

/** A file that is written piece by piece, and is there once it is finished. */
export interface AtomicFile {
  write: (content: string | Uint8Array) => void;
  /** Flushes the file and gives it its name. */
  finish: () => void;
  /** Removes what was written. */
  cancel: () => void;
}

/** Opens a file as {@link writeFileAtomic} writes it. */
export function openFileAtomic(path: string, { isLasting = true }: { isLasting?: boolean } = {}): AtomicFile {
  makeFolder(dirname(path));
  const aside = asideOf(path);
  const file = createFile(aside, path);
  let isOpen = true;
  const close = (): void => {
    if (isOpen) file.close();
    isOpen = false;
  };
  return {
    write: file.write,
    finish: () => {
      file.sync();
      close();
      rename(aside, path, { isLasting });
    },
    cancel: () => {
      close();
      remove(aside);
    },
  };
}
