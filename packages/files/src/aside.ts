import { readdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { threadId } from 'node:worker_threads';
import { remove } from './disk.js';
import { sha256 } from './checksum.js';
import { isSameProcess, thisProcess } from './lock-owner.js';

/** `.cxr-HOST-PROCESS-START-THREAD-NUMBER.tmp`: a number of a process may be given again, its number and start are not. */
const form = /^\.cxr-([0-9a-f]{8})-(\d+)-(\d+)-\d+-\d+\.tmp$/;
let written = 0;
/** Folders that this thread has checked. */
const cleared = ((globalThis as Record<symbol, unknown>)[Symbol.for('cxr-align.cleared-folders')] ??=
  new Set<string>()) as Set<string>;

/**
 * A name in the folder of a file, under which the file is written until it is whole. Of the names in that folder, those of processes
 * that ended before they were done are removed the first time.
 */
export function asideOf(file: string): string {
  const folder = dirname(resolve(file));
  if (!cleared.has(folder)) {
    cleared.add(folder);
    removeLeftOvers(folder);
  }
  const { pid, started } = thisProcess();
  return join(dirname(file), `.cxr-${hostKey()}-${pid}-${started ?? 0}-${threadId}-${written++}.tmp`);
}

/**
 * Removes what processes of this host have written aside in a folder and left there when they were ended. What belongs to a process
 * that runs, or to another host, stays.
 */
export function removeLeftOvers(folder: string): void {
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch {
    return;
  }
  for (const name of names) {
    const [, host, pid, started] = form.exec(name) ?? [];
    if (host === hostKey() && !isSameProcess(Number(pid), started === '0' ? null : started)) remove(join(folder, name));
  }
}

/** Eight digits for the machine and what counts its processes: numbers mean something only where these are the same. */
function hostKey(): string {
  const { host, machine, namespace } = thisProcess();
  key ??= sha256(JSON.stringify([host, machine, namespace])).slice(0, 8);
  return key;
}

let key: string | undefined;
