import { createContext, Script } from 'node:vm';
import { InputError, type InputPlace } from './input-error.js';

/** Milliseconds that a parser may take for a file, unless it gives another number; a busy machine may be ten times as slow as usual. */
const usualLimit = 10_000;

const context = createContext({ work: undefined }) as { work?: () => unknown };
const script = new Script('work()');

/**
 * Runs what a library does with a file, and ends it after a time: loops, regular expressions and WebAssembly alike, in any
 * thread. What the library holds in memory is then in no known state: the caller drops it. A call costs about 0.1 ms.
 *
 * @param work is synchronous: what it starts and does not wait for is not limited.
 * @param options.ms the limit. Default 10,000.
 * @throws {InputError} after that time.
 */
export function withTimeLimit<T>(place: InputPlace, work: () => T, { ms = usualLimit }: { ms?: number } = {}): T {
  const outer = context.work;
  context.work = work;
  try {
    return script.runInContext(context, { timeout: Math.ceil(ms) }) as T;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw error;
    throw new InputError(
      `expected a file that is read within ${ms / 1000} s, got one that takes longer; it is damaged or made to be slow`,
      place,
    );
  } finally {
    context.work = outer;
  }
}
