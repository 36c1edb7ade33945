// What a loss of power leaves, from the journal of preload.mjs: names and contents that were not flushed are gone.
import { cpSync, existsSync, rmSync, truncateSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Takes back what was not flushed when a process ended: of files that were written and not synced, the content; of names in folders
 * that were not synced, the name, and an old file comes back.
 *
 * @param records of the journal, in their order.
 * @returns how many changes were taken back.
 */
export function losePower(records) {
  const unwritten = new Set();
  let names = [];
  for (const { kind, path, target, old, isNew } of records) {
    if (kind === 'write') unwritten.add(path);
    else if (kind === 'sync') unwritten.delete(path);
    else if (kind === 'sync folder') names = names.filter(({ folder }) => folder !== path);
    else if (kind === 'create' && isNew) names.push({ folder: dirname(path), undo: () => gone(path) });
    else if (kind === 'link') names.push({ folder: dirname(path), undo: () => gone(path) });
    else if (kind === 'make folder' && isNew) names.push({ folder: dirname(isNew), undo: () => gone(isNew) });
    else if (kind === 'remove' && old)
      names.push({ folder: dirname(path), undo: () => cpSync(old, path, { recursive: true }) });
    else if (kind === 'rename') {
      if (unwritten.delete(path)) unwritten.add(target);
      names.push({
        folder: dirname(target),
        undo: () => {
          if (existsSync(target)) cpSync(target, path, { recursive: true });
          gone(target);
          if (old) cpSync(old, target, { recursive: true });
        },
      });
    }
  }
  for (const path of unwritten) if (existsSync(path)) truncateSync(path);
  for (const { undo } of names.reverse()) undo();
  return unwritten.size + names.length;
}

function gone(path) {
  rmSync(path, { recursive: true, force: true });
}
