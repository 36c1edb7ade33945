import type { EngineName } from './engine-names.js';

/** An engine that has started: TensorFlow.js computes on it from now on. */
export interface Engine {
  name: EngineName;
  /** What computes, for people: backend, device or instruction set, threads. */
  description: string;
  /** Threads that one operation may use; 1 where that is not ours to know. */
  threads: number;
  /** The most bytes that tensors may take before results can no longer be trusted; Infinity where there is no limit. */
  memoryLimitBytes: number;
}

/** What an error says, in a line; where the importing file lies says nothing to the reader. */
export function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n')[0].replace(/ imported from .*/, '');
}

/** Why an engine does not start here, and what to do about it. */
export class EngineError extends Error {
  override readonly name = 'EngineError';

  constructor(
    readonly engine: EngineName,
    readonly reason: string,
    readonly mend: string,
  ) {
    super(`engine/${engine}: does not start: ${reason}; ${mend}`);
  }
}
