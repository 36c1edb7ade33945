import { fusedOps, type FusedOps } from '@cxr-align/fused-ops';
import { registeredKernels } from '../kernels/kernel-registry.js';
import type { EngineName } from './engine-names.js';

/** `fast`: our own kernels, fused operations and step capture, where the engine has them; `plain`: the backend as it is shipped. */
export type KernelMode = 'fast' | 'plain';

/** An engine that has started; TensorFlow.js computes on it until another one is started. */
export interface Engine {
  name: EngineName;
  /** For people: backend, device or instruction set, threads. */
  description: string;
  /** Threads that one operation may use; 1 where the backend decides. */
  threads: number;
  /** The most bytes that tensors may take before results can no longer be trusted; Infinity where there is no limit. */
  memoryLimitBytes: number;
  /** What computes, as plain data for a report. */
  describe(): EngineDescription;
}

/** What computes, and why that way. */
export interface EngineDescription {
  name: EngineName;
  /** The name of the TensorFlow.js backend. */
  backend: string;
  description: string;
  threads: number;
  kernels: KernelMode;
  /** Why these kernels are in use. */
  reason: string;
  /** The TensorFlow.js kernels that this package replaces or adds; with plain kernels, what the backend lacks or computes wrong. */
  replacedKernels: readonly string[];
  /** The fused operations that nn uses. */
  fusedOps: readonly (keyof FusedOps)[];
  /** Whether repeated steps can be captured and replayed as one operation, and why (not). */
  stepCapture: { available: boolean; reason: string };
}

/** What {@link createEngine} is made from. */
export interface EngineFacts extends Omit<Engine, 'describe'> {
  backend: string;
  kernels: KernelMode;
  reason: string;
  /** Why steps can, or cannot, be captured. */
  captureReason: string;
}

/** An engine from its facts; what it replaces is read when it is described. */
export function createEngine({ backend, kernels, reason, captureReason, ...engine }: EngineFacts): Engine {
  return {
    ...engine,
    describe: () => {
      const ops = fusedOps(backend);
      return {
        name: engine.name,
        backend,
        description: engine.description,
        threads: engine.threads,
        kernels,
        reason,
        replacedKernels: registeredKernels(backend),
        fusedOps: Object.entries(ops)
          .filter(([, op]) => op !== undefined)
          .map(([name]) => name as keyof FusedOps)
          .sort(),
        stepCapture: { available: ops.stepCapture !== undefined, reason: captureReason },
      };
    },
  };
}

/** The first line of an error's message, without the path of the importing file. */
export function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n')[0].replace(/ imported from .*/, '');
}

/** Why an engine does not start here, and what to do about it. */
export class EngineError extends Error {
  override readonly name = 'EngineError';

  constructor(
    readonly engine: EngineName,
    readonly reason: string,
    /** What to do. */
    readonly hint: string,
  ) {
    super(`engine/${engine}: does not start: ${reason}; ${hint}`);
  }
}
