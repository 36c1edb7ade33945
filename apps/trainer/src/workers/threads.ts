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
      // What nobody waits for any more, as where the work has failed, is no failure of its own.
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
