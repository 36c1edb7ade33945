import { readFileSync, readlinkSync, statSync } from 'node:fs';
import { hostname } from 'node:os';
import { isRunning } from './processes.js';

/** The process that a lock belongs to, as its file names it. */
export interface LockOwner {
  /** Differs in every lock that was ever taken. */
  token: string;
  /** What the folder is written by. */
  use: string;
  since: string;
  host: string;
  pid: number;
  /** When the process started, in the kernel's ticks; null where that is unknown. */
  started: string | null;
  /** Of the running kernel, the process numbers it counts by, and the machine; null where there is no such thing. */
  boot: string | null;
  namespace: string | null;
  machine: string | null;
}

/** After so many milliseconds without renewal a lock counts whose owner cannot be seen from here as left behind. */
export const lockExpires = 600_000;

/** What distinguishes this process from all others. */
export function thisProcess(): Omit<LockOwner, 'token' | 'use' | 'since'> {
  self ??= {
    host: hostname(),
    pid: process.pid,
    started: startOf(process.pid) ?? null,
    boot: textOf('/proc/sys/kernel/random/boot_id'),
    namespace: linkOf('/proc/self/ns/pid'),
    machine: textOf('/etc/machine-id'),
  };
  return self;
}

let self: Omit<LockOwner, 'token' | 'use' | 'since'> | undefined;

/** The owner of a lock file and when it was renewed; undefined where there is no lock. */
export function readLockOwner(file: string): { owner: LockOwner; renewed: number } | undefined {
  let text: string;
  let renewed: number;
  let inode: number;
  try {
    text = readFileSync(file, 'utf8');
    ({ mtimeMs: renewed, ino: inode } = statSync(file));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const owner = JSON.parse(text) as LockOwner;
    if (/^[0-9a-f]{16}$/.test(owner.token) && Number.isInteger(owner.pid)) return { owner, renewed };
  } catch {
    // Of a file system without links, cut short: a lock of somebody, as old as it is.
  }
  const nobody = { host: 'an unknown machine', pid: 0, started: null, boot: null, namespace: null, machine: null };
  return { owner: { ...nobody, token: `unreadable-${inode}`, use: 'somebody', since: '' }, renewed };
}

/** Whether the owner of a lock has not ended, as far as can be known from here. */
export function isAlive(owner: LockOwner, renewed: number, now: number): boolean {
  const me = thisProcess();
  const isFresh = now - renewed < lockExpires;
  if (me.boot !== null && owner.boot === me.boot && owner.namespace === me.namespace)
    return owner.started !== null && startOf(owner.pid) === owner.started;
  if (owner.host !== me.host) return isFresh;
  // This machine was started anew since.
  if (owner.boot !== null && owner.boot !== me.boot && owner.machine !== null && owner.machine === me.machine)
    return false;
  if (me.boot !== null) return isFresh;
  return isFresh && isRunning(owner.pid);
}

/** Whether a process of this machine runs that started then; where starts are unknown, whether one has the number. */
export function isSameProcess(pid: number, started: string | null): boolean {
  return started === null ? isRunning(pid) : startOf(pid) === started;
}

/** When a process started; undefined if there is none, or it has ended and waits to be reaped. */
function startOf(pid: number): string | undefined {
  const line = textOf(`/proc/${pid}/stat`);
  if (line === null) return undefined;
  // The name before it may hold spaces and brackets.
  const [state, ...fields] = line.slice(line.lastIndexOf(')') + 2).split(' ');
  return state === 'Z' || state === 'X' ? undefined : fields[18];
}

function textOf(file: string): string | null {
  try {
    return readFileSync(file, 'utf8').trim() || null;
  } catch {
    return null;
  }
}

function linkOf(file: string): string | null {
  try {
    return readlinkSync(file);
  } catch {
    return null;
  }
}
