import { StoppedError, stopOnSignals, type SignalControl } from '@cxr-align/training';
import { CommandStopped } from './command-stopped.js';

/**
 * Does the work of a command so that SIGINT, SIGTERM and SIGHUP stop it where nothing is lost.
 *
 * @param how states how to continue, once it is stopped.
 */
export async function stoppable<T>(work: (control: SignalControl) => Promise<T>, how: () => string): Promise<T> {
  const control = stopOnSignals();
  try {
    return await work(control);
  } catch (error) {
    throw error instanceof StoppedError ? new CommandStopped(error, how()) : error;
  } finally {
    control.release();
  }
}

/** The hint of a command that continues where it was when it is started again. */
export const startAgain = (): string => `start it again to go on: ${sameCommand()}`;

/** The command line that was typed, with other flags in the place of some. @param without flags that take no value. */
export function sameCommand({ without = [], more = [] }: { without?: string[]; more?: string[] } = {}): string {
  const words = process.argv.slice(2).filter((word) => !without.includes(word));
  const added = more.filter((word) => !words.includes(word));
  return ['cxr-align', ...words, ...added].map(quoted).join(' ');
}

/** A word as a shell takes it. */
function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
