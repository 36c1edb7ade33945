import {
  closeSync,
  existsSync,
  fstatSync,
  fsyncSync,
  linkSync,
  openSync,
  rmSync,
  rmdirSync,
  statSync,
  writeSync,
} from 'node:fs';
import { randomBytes } from 'node:crypto';
import { dirname, join, resolve } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { makeFolder } from './disk.js';
import { DiskError, diskError } from './disk-error.js';
import { asideOf } from './aside.js';
import { InputError } from './input-error.js';
import { isAlive, readLockOwner, thisProcess, type LockOwner } from './lock-owner.js';

/** The file in a folder that names who writes to it. */
export const lockName = '.cxr-lock';

/** How often a lock is renewed. A lock of another machine that was not renewed for {@link lockExpires} is taken over. */
const renewedEvery = 15_000;

/** A folder that this process alone writes to. */
export interface FolderLock {
  /** Whether it was that of a process which has ended without giving it back. */
  wasLeft: boolean;
  /**
   * @throws {Error} if another process has taken the folder over, as after a machine was suspended.
   * @throws {DiskError} if the lock is gone, with its disk.
   */
  assertHeld: () => void;
  /** Lets others write to the folder; of a folder that was made for the lock and is still empty, nothing stays. */
  release: () => void;
}

/**
 * Takes a folder for one writer, until it is released or the process ends; the folder is made where it is not there. The lock of a
 * process that has ended, by a kill or a power cut, is taken over.
 *
 * The lock is a file that appears whole under its name by a hard link, which NFS does atomically, too; where there are no links, by
 * exclusive creation. Whether the owner lives is known on the same kernel by its number and start time, so that a number that was
 * given again deceives no one. Of an owner on another machine or in another container only the time of the lock is known, by the
 * clock of the file server: owners renew it every 15 seconds, and it is taken over after 10 minutes without.
 *
 * @param use what the folder is written by, for the error of others, such as `train`.
 * @throws {InputError} if another process, or this one, writes to it.
 */
export function lockFolder(folder: string, use: string): FolderLock {
  const made = makeFolder(folder);
  const file = join(folder, lockName);
  let held: HeldFile;
  try {
    held = acquire(file, { ...thisProcess(), token: newToken(), use, since: new Date().toISOString() }, folder);
  } catch (error) {
    if (made !== undefined) removeEmpty(folder, made);
    throw diskError(error, folder, 'written');
  }
  const timer = setInterval(() => held.renew(), renewedEvery).unref();
  const release = (): void => {
    clearInterval(timer);
    atExit.delete(release);
    held.release();
    if (made !== undefined) removeEmpty(folder, made);
  };
  if (!releasesAtExit) process.once('exit', () => atExit.forEach((one) => one()));
  releasesAtExit = true;
  atExit.add(release);
  return {
    wasLeft: held.wasLeft,
    assertHeld: () => {
      const owner = held.owner();
      if (owner === undefined)
        throw new DiskError(
          folder,
          'ENOENT',
          `expected the lock that this process has of the folder, got none: the disk is gone, or ${lockName} was removed; connect the disk, then start again`,
        );
      if (owner !== held.token)
        throw new Error(
          `files/lockFolder: ${folder} was taken over by another process while this one stood still; let that one finish`,
        );
    },
    release,
  };
}

/** Who writes to a folder now; undefined if none does, or its writer has ended. */
export function folderWriter(folder: string): LockOwner | undefined {
  const found = readLockOwner(join(folder, lockName));
  return found && isAlive(found.owner, found.renewed, Date.now()) ? found.owner : undefined;
}

/** Removes what a writer that has ended left of its lock; on a disk that cannot be written it stays, and stops no one. */
export function removeDeadLock(folder: string): void {
  if (!existsSync(join(folder, lockName)) || folderWriter(folder)) return;
  try {
    lockFolder(folder, 'nothing').release();
  } catch (error) {
    // Another process was faster, or nothing can be written here.
    if (!(error instanceof InputError) && !(error instanceof DiskError)) throw error;
  }
}

/**
 * Takes a folder once its writer has left it.
 *
 * @param onWait is called once, if there is one.
 */
export async function lockFolderWhenFree(
  folder: string,
  use: string,
  onWait: (writer: LockOwner) => void,
): Promise<FolderLock> {
  for (let isFirst = true; ; isFirst = false) {
    try {
      return lockFolder(folder, use);
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      const writer = folderWriter(folder);
      if (writer && isFirst) onWait(writer);
      await setTimeout(500);
    }
  }
}

/** The locks that are held when the process ends. */
const atExit = new Set<() => void>();
let releasesAtExit = false;

function newToken(): string {
  return randomBytes(8).toString('hex');
}

/** A lock file that is ours. */
interface HeldFile {
  renew: () => void;
  readonly token: string;
  wasLeft: boolean;
  /** The token of the lock as it lies there; undefined where none does. */
  owner: () => string | undefined;
  release: () => void;
}

/** How often a lock is tried for while others take and leave it. */
const attempts = 200;

function acquire(file: string, owner: LockOwner, folder: string): HeldFile {
  const content = new TextEncoder().encode(`${JSON.stringify(owner)}\n`);
  const aside = asideOf(file);
  let wasLeft = false;
  for (let attempt = 0; attempt < attempts; attempt++) {
    const { descriptor, now } = writeAside(aside, content);
    if (publish(aside, file, content)) {
      rmSync(aside, { force: true });
      return heldFile(file, owner.token, { descriptor, content, wasLeft });
    }
    closeSync(descriptor);
    rmSync(aside, { force: true });
    const found = readLockOwner(file);
    if (!found) continue;
    if (isAlive(found.owner, found.renewed, now)) throw heldByAnother(folder, file, found.owner);
    wasLeft = removeDead(file, found.owner, folder) || wasLeft;
  }
  throw new InputError('expected to get the lock of the folder, got others each time; try again', { file: folder });
}

/** The lock is complete before anybody can see it. `now` is by the clock of the file's machine. */
function writeAside(aside: string, content: Uint8Array): { descriptor: number; now: number } {
  const descriptor = openSync(aside, 'w');
  writeSync(descriptor, content);
  fsyncSync(descriptor);
  return { descriptor, now: fstatSync(descriptor).mtimeMs };
}

/** @returns false if the name is taken. */
function publish(aside: string, file: string, content: Uint8Array): boolean {
  try {
    linkSync(aside, file);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // An NFS server may have made the link though its answer was lost.
    if (code === 'EEXIST') return statSync(aside).nlink === 2;
    if (!['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'].includes(code ?? '')) throw error;
  }
  try {
    const descriptor = openSync(file, 'wx');
    writeSync(descriptor, content);
    closeSync(descriptor);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/**
 * Removes the lock of a process that has ended. Of those that try at once, the one that holds the guard of this very lock does, and
 * the others find another lock afterwards; so no process removes a lock that was made since.
 *
 * @returns whether it was removed here.
 */
function removeDead(file: string, dead: LockOwner, folder: string): boolean {
  let guard: HeldFile;
  try {
    guard = acquire(
      `${file}.${dead.token}`,
      { ...thisProcess(), token: newToken(), use: 'takeover', since: '' },
      folder,
    );
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    // Another process does it now.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
    return false;
  }
  try {
    if (readLockOwner(file)?.owner.token !== dead.token) return false;
    rmSync(file, { force: true });
    return true;
  } finally {
    guard.release();
  }
}

function heldFile(
  file: string,
  token: string,
  { descriptor, content, wasLeft }: { descriptor: number; content: Uint8Array; wasLeft: boolean },
): HeldFile {
  const owner = (): string | undefined => readLockOwner(file)?.owner.token;
  return {
    token,
    wasLeft,
    owner,
    // By its descriptor: under the name there may be a lock of somebody else.
    renew: () => {
      try {
        writeSync(descriptor, content, 0, content.length, 0);
      } catch {
        // A disk that is away for a while: the lock is as old as it is.
      }
    },
    release: () => {
      closeSync(descriptor);
      if (owner() === token) rmSync(file, { force: true });
    },
  };
}

function heldByAnother(folder: string, file: string, { use, pid, host, since, ...owner }: LockOwner): InputError {
  const me = thisProcess();
  const who = pid === me.pid && owner.started === me.started && host === me.host ? 'this process' : `process ${pid}`;
  const place = host === me.host ? '' : ` on ${host}`;
  const isForeign = host !== me.host || owner.boot !== me.boot || owner.namespace !== me.namespace;
  const hint = isForeign
    ? `wait for it; if it has ended, remove ${file}, or wait: it is taken over 10 minutes after its last renewal`
    : 'wait for it, stop it, or use another folder';
  return new InputError(
    `expected a folder that nobody else writes to, got one that ${use} writes to (${who}${place}${since && `, since ${since}`}); ${hint}`,
    { file: folder },
  );
}

function removeEmpty(folder: string, first: string): void {
  try {
    for (let one = resolve(folder); ; one = dirname(one)) {
      if (existsSync(one)) rmdirSync(one);
      if (one === resolve(first) || one === dirname(one)) return;
    }
  } catch {
    // It is in use by now.
  }
}
