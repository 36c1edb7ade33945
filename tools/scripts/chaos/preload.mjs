// Loaded by `node --import` into a command, its threads and its processes: journals each change of what lies on disk below CHAOS_PLACE,
// and either ends the process by SIGKILL at the one that CHAOS_AT names, or copies all that lies there into CHAOS_STATES before each.
//
// Changes come from the hook of packages/files; what changes the disk past it, as locks do, is seen by standing in for the functions of
// node:fs. CHAOS_MODE: `kill` before the change, `torn` in the middle of it.
import fs from 'node:fs';
import { createRequire, syncBuiltinESMExports } from 'node:module';
import { dirname, join, resolve, sep } from 'node:path';
import { isMainThread, threadId } from 'node:worker_threads';

const {
  CHAOS_PLACE: place,
  CHAOS_JOURNAL: journal,
  CHAOS_AT: at,
  CHAOS_MODE: mode,
  CHAOS_BACKUPS: backups,
  CHAOS_STATES: states,
} = process.env;

if (place !== undefined) watch();

function watch() {
  const plain = { ...fs };
  const isForked = process.send !== undefined && isMainThread;
  const seen = new Map();
  let isInHook = false;
  let backup = 0;
  let state = 0;

  const isInside = (path) => path === place || path.startsWith(place + sep);
  /** The name of a change that is the same in every run: without numbers of processes, tokens and threads. */
  const keyOf = (kind, path) => {
    const name = path
      .slice(place.length)
      .replace(/\.cxr-[0-9a-f]{8}-[\d-]+\.tmp/, '.cxr-*.tmp')
      .replace(/(\.cxr-lock)[\w.-]*\.tmp$/, '$1.*.tmp')
      .replace(/(\.cxr-lock)\.[0-9a-f]{16}.*$/, '$1.*');
    const base = `${isForked ? 'child ' : ''}${kind} ${name}`;
    const count = (seen.get(base) ?? 0) + 1;
    seen.set(base, count);
    return `${base} #${count}`;
  };
  const note = (record) => plain.appendFileSync(journal, `${JSON.stringify(record)}\n`);
  /** What was there before it is removed or replaced, for a loss of power. */
  const keep = (path) => {
    if (backups === undefined || !plain.existsSync(path)) return null;
    const copy = join(backups, `${process.pid}-${isMainThread ? 0 : threadId}-${backup++}`);
    plain.cpSync(path, copy, { recursive: true });
    return copy;
  };
  const end = () => {
    process.kill(process.pid, 'SIGKILL');
    // The signal comes at once in this thread, and a little later in another.
    for (;;);
  };
  const tear = {
    write: (path, bytes) => plain.appendFileSync(path, bytes.subarray(0, bytes.length >> 1)),
    remove: removeHalf,
  };
  function removeHalf(path) {
    if (!plain.statSync(path, { throwIfNoEntry: false })?.isDirectory()) return;
    const names = plain.readdirSync(path);
    for (const name of names.slice(0, Math.ceil(names.length / 2)))
      plain.rmSync(join(path, name), { recursive: true, force: true });
  }
  /** Copies what lies on disk now, as a kill right here would leave it, and as one in the middle of the change would. */
  const copyState = (kind, path, bytes) => {
    const name = `${process.pid}-${isMainThread ? 0 : threadId}-${state++}`;
    const copy = (folder) => {
      // Another thread may rename what is being copied.
      for (let attempt = 0; ; attempt++) {
        try {
          return plain.cpSync(place, folder, { recursive: true });
        } catch (error) {
          if (attempt === 20) throw error;
          plain.rmSync(folder, { recursive: true, force: true });
        }
      }
    };
    copy(join(states, name));
    if (kind in tear) {
      const torn = join(states, `${name}-torn`);
      copy(torn);
      tear[kind](join(torn, path.slice(place.length)), bytes);
    }
    return name;
  };
  /** @param what kind, path, target, bytes of a change that is about to be made. */
  const before = ({ kind, path: given, target, bytes }) => {
    const path = resolve(given);
    if (!isInside(path)) return;
    const key = keyOf(kind, resolve(target ?? given));
    if (key === at) {
      if (mode === 'torn') tear[kind]?.(path, bytes);
      note({ ended: true });
      end();
    }
    const old = kind === 'rename' ? keep(resolve(target)) : kind === 'remove' ? keep(path) : null;
    const isNew = kind === 'make folder' ? firstMissing(path) : !plain.existsSync(path);
    const copied = states === undefined ? undefined : copyState(kind, path, bytes);
    note({ key, kind, path, ...(target !== undefined && { target: resolve(target) }), old, isNew, state: copied });
  };
  const firstMissing = (path) => {
    let first = null;
    for (let folder = path; !plain.existsSync(folder); folder = dirname(folder)) first = folder;
    return first;
  };

  const observers = (globalThis[Symbol.for('cxr-align.disk-observers')] ??= new Set());
  observers.add({
    before: (change) => {
      isInHook = true;
      before(change);
    },
    after: () => (isInHook = false),
  });

  // Past the hook: locks, and what should not be.
  const paths = new Map();
  const stand = (name, describe) => {
    fs[name] = (...args) => {
      if (!isInHook) {
        // What copies states may itself call these.
        isInHook = true;
        try {
          const change = describe(...args);
          if (change) before(change);
        } finally {
          isInHook = false;
        }
      }
      return plain[name](...args);
    };
  };
  const bytesOf = (content) => (typeof content === 'string' ? Buffer.from(content) : content);
  stand(
    'writeSync',
    (descriptor, content) =>
      paths.has(descriptor) && { kind: 'write', path: paths.get(descriptor), bytes: bytesOf(content) },
  );
  stand('fsyncSync', (descriptor) => paths.has(descriptor) && { kind: 'sync', path: paths.get(descriptor) });
  stand('mkdirSync', (path) => !plain.existsSync(path) && { kind: 'make folder', path });
  stand('rmSync', (path) => plain.existsSync(path) && { kind: 'remove', path });
  stand('unlinkSync', (path) => ({ kind: 'remove', path }));
  // Of a folder with something in it nothing changes.
  stand(
    'rmdirSync',
    (path) => plain.existsSync(path) && plain.readdirSync(path).length === 0 && { kind: 'remove', path },
  );
  stand('renameSync', (path, target) => ({ kind: 'rename', path, target }));
  stand('linkSync', (path, target) => ({ kind: 'link', path: target }));
  stand('appendFileSync', (path, content) => ({ kind: 'write', path, bytes: bytesOf(content) }));
  stand('writeFileSync', (path, content) => ({ kind: 'write', path, bytes: bytesOf(content) }));
  stand('openSync', (path, flags = 'r') => flags !== 'r' && { kind: 'create', path });
  const { openSync } = fs;
  fs.openSync = (path, flags, ...more) => {
    const descriptor = openSync(path, flags, ...more);
    if (!isInHook && flags !== 'r' && flags !== undefined) paths.set(descriptor, resolve(path));
    return descriptor;
  };
  fs.closeSync = (descriptor) => {
    paths.delete(descriptor);
    plain.closeSync(descriptor);
  };
  // What no test stops: it must not be used on results.
  for (const name of [
    'writeFile',
    'appendFile',
    'rename',
    'mkdir',
    'rm',
    'unlink',
    'cp',
    'copyFile',
    'symlink',
    'truncate',
  ])
    for (const owner of [fs, fs.promises, createRequire(import.meta.url)('node:fs/promises')]) {
      const real = owner[name];
      owner[name] = (path, ...more) => {
        if (typeof path === 'string' && isInside(resolve(path)))
          note({ unseen: `${name} ${path.slice(place.length)}` });
        return real(path, ...more);
      };
    }
  fs.createWriteStream = (path, ...more) => {
    if (isInside(resolve(path))) note({ unseen: `createWriteStream ${path}` });
    return plain.createWriteStream(path, ...more);
  };
  syncBuiltinESMExports();
}
