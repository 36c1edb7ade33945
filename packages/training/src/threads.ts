import { existsSync } from 'node:fs';
import { join, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { Piscina } from 'piscina';

/** Threads that do what a script exports by default. */
export interface Threads<Task, Result> {
  run: (task: Task) => Promise<Result>;
  /** Ends them once what they were given is done. */
  stop: () => Promise<void>;
}

/**
 * Starts threads, all at once.
 *
 * @param tasks that a thread works on at a time.
 */
export function startThreads<Task, Result>(script: URL, count: number, tasks = 1): Threads<Task, Result> {
  const pool = new Piscina<Task, Result>({
    filename: script.href,
    minThreads: count,
    maxThreads: count,
    concurrentTasksPerWorker: tasks,
    // A thread that waits by Atomics answers nothing else meanwhile.
    atomics: 'disabled',
  });
  const open = new Set<Promise<Result>>();
  return {
    run: (task) => {
      const result = pool.run(task);
      const forget = (): boolean => open.delete(result);
      open.add(result);
      // What is no longer waited for, as where the work has failed, is no failure of its own.
      result.then(forget, forget);
      return result;
    },
    stop: async () => {
      // piscina takes the answer of a task that it was to end for a fault.
      await Promise.allSettled(open);
      await pool.destroy();
    },
  };
}

/**
 * The built script of a thread, `dist/workers/NAME.js` of the package that a module belongs to.
 *
 * @param module its `import.meta.url`.
 * @throws {Error} if the package has not been built.
 */
export function workerFile(module: string, name: string): URL {
  const path = fileURLToPath(module);
  const root = Math.max(...['src', 'dist'].map((folder) => path.lastIndexOf(`${sep}${folder}${sep}`)));
  const file = join(path.slice(0, Math.max(0, root)), 'dist', 'workers', `${name}.js`);
  if (!existsSync(file))
    throw new Error(`training/threads: expected the built script ${file}, got no such file; run npm run build first`);
  return pathToFileURL(file);
}
