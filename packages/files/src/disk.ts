import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { onDisk } from './disk-error.js';

/** A change of what lies on disk, as this package makes it. */
export interface DiskChange {
  kind: 'make folder' | 'create' | 'write' | 'sync' | 'rename' | 'sync folder' | 'remove';
  /** The file or folder that is changed. */
  path: string;
  /** Of a rename: what the file is called from then on. Of what is written aside: what it is to become. */
  target?: string;
  /** What is written. */
  bytes?: Uint8Array;
}

/** Hears of each change of what lies on disk, before it is made and once it has been made. What it throws ends the writing function. */
export interface DiskObserver {
  before?: (change: DiskChange) => void;
  after?: (change: DiskChange) => void;
}

/** One list a thread, however many copies of this package a program has. */
const observers = ((globalThis as Record<symbol, unknown>)[Symbol.for('cxr-align.disk-observers')] ??=
  new Set<DiskObserver>()) as Set<DiskObserver>;

/**
 * Calls an observer for every change that the packages make on disk: for tests that stop a program at each of them.
 *
 * @returns a function that ends it.
 */
export function observeDisk(observer: DiskObserver): () => void {
  observers.add(observer);
  return () => void observers.delete(observer);
}

function change<T>(what: DiskChange, make: () => T): T {
  return onDisk(what.target ?? what.path, what.kind === 'remove' ? 'removed' : 'written', () => {
    for (const { before } of observers) before?.(what);
    const result = make();
    for (const { after } of observers) after?.(what);
    return result;
  });
}

/** Makes a folder and those above it; each is there after a loss of power, too. @returns the first that was made, if any was. */
export function makeFolder(path: string): string | undefined {
  const made = change({ kind: 'make folder', path }, () => mkdirSync(path, { recursive: true }));
  if (made === undefined) return undefined;
  for (let folder = resolve(path); ; folder = dirname(folder)) {
    syncFolder(dirname(folder));
    if (folder === resolve(made) || folder === dirname(folder)) return made;
  }
}

/** Removes a file or a folder with all that is in it, where there is one. */
export function remove(path: string): void {
  change({ kind: 'remove', path }, () => rmSync(path, { recursive: true, force: true }));
}

/** Renames a file or folder, and makes sure that the new name lasts. */
export function rename(path: string, target: string, { isLasting = true }: { isLasting?: boolean } = {}): void {
  change({ kind: 'rename', path, target }, () => renameSync(path, target));
  if (isLasting) syncFolder(dirname(target));
}

/** A file that is being written. */
export interface DiskFile {
  write: (bytes: Uint8Array | string) => void;
  /** Puts what was written on the disk. */
  sync: () => void;
  close: () => void;
}

/** Creates a file, or empties it. @param target what it is to become, where it is written aside. */
export function createFile(path: string, target?: string): DiskFile {
  return openFile({ path, ...(target !== undefined && { target }) }, 'w');
}

/** Opens a file to write at its end, and makes it where there is none, readable by its owner alone. */
export function appendToFile(path: string): DiskFile {
  return openFile({ path }, 'a', 0o600);
}

function openFile(place: { path: string; target?: string }, flags: 'w' | 'a', mode?: number): DiskFile {
  const descriptor = change({ kind: 'create', ...place }, () => openSync(place.path, flags, mode));
  return {
    write: (content) => {
      const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content;
      change({ kind: 'write', ...place, bytes }, () => {
        for (let written = 0; written < bytes.length;) written += writeSync(descriptor, bytes, written);
      });
    },
    sync: () => change({ kind: 'sync', ...place }, () => fsyncSync(descriptor)),
    close: () => closeSync(descriptor),
  };
}

/** What a file system answers that cannot flush a folder, or need not. */
const cannotSync = new Set(['EINVAL', 'ENOTSUP', 'EOPNOTSUPP', 'EPERM', 'EACCES', 'EISDIR', 'EBADF']);

/** Puts the names in a folder on the disk: without it, a file that was renamed may have its old name after a loss of power. */
export function syncFolder(path: string): void {
  change({ kind: 'sync folder', path }, () => {
    try {
      const descriptor = openSync(path, 'r');
      try {
        fsyncSync(descriptor);
      } finally {
        closeSync(descriptor);
      }
    } catch (error) {
      if (!cannotSync.has((error as NodeJS.ErrnoException).code ?? '')) throw error;
    }
  });
}
