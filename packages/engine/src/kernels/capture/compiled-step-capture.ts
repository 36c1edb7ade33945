import type { CaptureRequest, ProductPrecision, StepCapture, StepCaptureReport } from '@cxr-align/fused-ops';
import * as tf from '@tensorflow/tfjs-core';
import type { NodeBackend } from '../tensorflow/operations.js';
import { changedValue, counterEntries, differenceOf } from './differences.js';
import { differencesOf } from './relative-difference.js';
import { forget, record, sharedMemory, type Recording } from './recording.js';
import { Replay } from './replay.js';
import { maxShapes, recheckInterval, shapesOf, warnOfStale } from './step-capture.js';

/**
 * Largest relative difference between a compiled step and the same one computed operation by operation, by the precision of the
 * products. XLA rounds less often than single operations do, and small gradients behind a batch normalisation are differences of
 * large numbers: in bfloat16 they were seen to differ by 4e-2 of their norm, where single products differ by 2e-3.
 */
export const compiledTolerances: Readonly<Record<ProductPrecision, number>> = { float32: 1e-4, tf32: 1e-2, bf16: 1e-1 };

/** So many runs of a function are compared with the computation before it is trusted. */
export const verifiedRuns = 3;

/** So many runs may be impossible to record, each computed operation by operation, until the fallback takes over. */
const maxAmbiguous = 6;

/** So many runs may have nothing to compare, because no number of a result is finite, until the fallback takes over. */
const maxIncomparable = 6;

/** A compiled function for inputs of one set of shapes. */
interface Compiled {
  version: number;
  recording: Recording;
  /** Owns the recording. */
  replay: Replay;
  verified: number;
  /** Runs that had nothing to compare. */
  incomparable: number;
  /** Runs since the computation was last recorded. */
  replays: number;
  hasRun: boolean;
}

/** What {@link CompiledStepCapture} needs of its engine. */
export interface CompiledCaptureOptions {
  /** Runs a computation by operations that XLA can compile. */
  withCompilableOps: <T>(work: () => T) => T;
  /** Runs a compilation, without the information messages that TensorFlow writes at the first one. */
  quietly: <T>(work: () => T) => T;
  /** Of the products. */
  precision: ProductPrecision;
  /** Takes over where XLA fails, or gives other results. */
  fallback: () => StepCapture;
}

/**
 * Captures a repeated computation as one TensorFlow function that XLA compiles.
 *
 * Every step is computed by the compiled function from the first one on, so that a run that was resumed has the bits of one that was
 * not. For that the first step of a set of shapes is recorded twice in trials, with its own number and with the next one, which shows
 * where the step is counted; what the trials assign to variables is undone. The first {@link verifiedRuns} runs, and every
 * {@link recheckInterval}th later, are compared with the computation: loss, gradients and assigned variables have to agree to
 * {@link compiledTolerances} of their norm. Where they do not, where XLA cannot compile, or where the computation draws or reads values,
 * the fallback takes over.
 */
export class CompiledStepCapture implements StepCapture {
  private readonly byShapes = new Map<string, Compiled>();
  private readonly asBackend = tf.backend();
  private readonly backend = this.asBackend as unknown as NodeBackend;
  private readonly counts = { captured: 0, opByOp: 0, checked: 0, possiblyStale: 0 };
  private readonly compiled = { functions: 0, seconds: 0, largestDifference: 0 };
  /** Runs that could not be recorded, since inputs shared memory with each other or with a variable. */
  private ambiguous = 0;
  private fallback?: StepCapture;
  private rejected?: string;

  constructor(private readonly options: CompiledCaptureOptions) {}

  report(): StepCaptureReport {
    const { counts, compiled, rejected, fallback } = this;
    if (!fallback) return { mode: 'xla', ...counts, compiled: { ...compiled } };
    const after = fallback.report();
    const sum = (name: keyof typeof counts): number => counts[name] + after[name];
    return {
      ...after,
      captured: sum('captured'),
      opByOp: sum('opByOp'),
      checked: sum('checked'),
      possiblyStale: sum('possiblyStale'),
      compiled: { ...compiled, rejected },
    };
  }

  run(request: CaptureRequest, compute: (step: number) => tf.NamedTensorMap): tf.NamedTensorMap {
    const { inputs, step, captureVersion = 0 } = request;
    if (this.fallback) return this.fallback.run(request, compute);
    if (tf.backend() !== this.asBackend) {
      this.counts.opByOp++;
      return compute(step);
    }
    const shapes = shapesOf(inputs);
    const known = this.byShapes.get(shapes);
    const isTrusted = known && known.version === captureVersion && known.verified >= verifiedRuns;
    if (isTrusted && known.replays < recheckInterval) {
      try {
        const results = known.replay.run(inputs, step);
        known.replays++;
        this.counts.captured++;
        return results;
      } catch (error) {
        return this.fallBack((error as Error).message).run(request, compute);
      }
    }
    if (!known && this.byShapes.size >= maxShapes)
      return this.fallBack(`inputs had more than ${maxShapes} sets of shapes`).run(request, compute);
    return this.computeBothWays(request, shapes, compute);
  }

  /** Computes a step operation by operation and compiled, and returns the latter's results if they agree. */
  private computeBothWays(
    request: CaptureRequest,
    shapes: string,
    compute: (step: number) => tf.NamedTensorMap,
  ): tf.NamedTensorMap {
    const state = new VariableState();
    let computed: ReturnType<typeof record>;
    try {
      computed = this.record(request.inputs, () => compute(request.step));
    } catch (error) {
      state.dispose();
      throw error;
    }
    const { results: expected, recording } = computed;
    const after = new VariableState();
    let results: tf.NamedTensorMap | undefined;
    try {
      const drawn = request.hasDrawn?.() ? 'the computation draws random numbers in JavaScript' : undefined;
      if (drawn !== undefined && typeof recording !== 'string') forget(this.backend, recording);
      if (drawn === undefined && recording === sharedMemory && ++this.ambiguous <= maxAmbiguous) {
        this.counts.opByOp++;
        return expected;
      }
      if (drawn !== undefined || typeof recording === 'string') throw new Rejection(drawn ?? (recording as string));
      state.restore();
      const compiled = this.functionFor(request, shapes, recording, () => {
        const trial = this.record(request.inputs, () => compute(request.step + 1));
        tf.dispose(trial.results);
        state.restore();
        return trial.recording;
      });
      results = this.timed(compiled, () => compiled.replay.run(request.inputs, request.step));
      this.compare(compiled, { expected, results, after });
      tf.dispose(expected);
      this.counts.captured++;
      return results;
    } catch (error) {
      // The computation itself has succeeded: the step is what it gave.
      tf.dispose(results ?? {});
      after.restore();
      this.fallBack((error as Error).message);
      this.counts.opByOp++;
      return expected;
    } finally {
      state.dispose();
      after.dispose();
    }
  }

  /** Records a computation by operations that XLA can compile. */
  private record(inputs: readonly tf.Tensor[], compute: () => tf.NamedTensorMap): ReturnType<typeof record> {
    return this.options.withCompilableOps(() => record(this.backend, inputs, compute));
  }

  /**
   * The function of a recording: the one that is there, with the constants of the recording, or a new one.
   *
   * @param recordNext records the computation with the number of the next step.
   */
  private functionFor(
    { step, captureVersion = 0 }: CaptureRequest,
    shapes: string,
    recording: Recording,
    recordNext: () => Recording | string,
  ): Compiled {
    const known = this.byShapes.get(shapes);
    if (known) {
      const { replay, recording: before } = known;
      const difference = differenceOf(before, recording);
      const changed = difference ?? changedValue(before, recording, replay.counters, step);
      if (known.version === captureVersion && changed !== undefined) {
        forget(this.backend, recording);
        if (known.replays === 0) throw new Rejection(`the computation is not the same twice: ${changed}`);
        this.counts.possiblyStale += known.replays;
        const reason = `${changed}, though captureVersion stayed the same: up to ${known.replays} steps used the old one`;
        warnOfStale(reason);
        throw new Rejection(reason);
      }
      if (difference === undefined && replay.countersMatch(recording, step) && replay.hasIntegersOf(recording)) {
        replay.renew(recording);
        return Object.assign(known, { recording, version: captureVersion, replays: 0 });
      }
      replay.dispose();
      this.byShapes.delete(shapes);
    }
    const next = recordNext();
    if (typeof next === 'string') {
      forget(this.backend, recording);
      throw new Rejection(next);
    }
    const counters = differenceOf(recording, next) ?? counterEntries(recording, next, step, step + 1);
    forget(this.backend, next);
    if (typeof counters === 'string') {
      forget(this.backend, recording);
      throw new Rejection(counters);
    }
    const compiled = {
      version: captureVersion,
      recording,
      replay: this.replayOf(recording, counters),
      verified: 0,
      incomparable: 0,
      replays: 0,
      hasRun: false,
    };
    this.byShapes.set(shapes, compiled);
    return compiled;
  }

  /** @throws {Error} if TensorFlow does not accept the function; the recording is released then. */
  private replayOf(recording: Recording, counters: ReadonlyMap<number, readonly number[]>): Replay {
    try {
      return new Replay(this.backend, recording, counters, { compiled: true, precision: this.options.precision });
    } catch (error) {
      forget(this.backend, recording);
      throw error;
    }
  }

  /** Runs a function; the first run compiles it. */
  private timed<T>(compiled: Compiled, work: () => T): T {
    if (compiled.hasRun) return work();
    const began = performance.now();
    try {
      return this.options.quietly(work);
    } finally {
      compiled.hasRun = true;
      this.compiled.functions++;
      this.compiled.seconds += (performance.now() - began) / 1000;
    }
  }

  /** @throws {Rejection} if a compiled step is not the computed one to the tolerance. */
  private compare(
    compiled: Compiled,
    { expected, results, after }: { expected: tf.NamedTensorMap; results: tf.NamedTensorMap; after: VariableState },
  ): void {
    const assigned = [...compiled.recording.assigned.keys()];
    const differences = differencesOf(
      { ...expected, ...named(assigned.map((variable) => after.valueOf(variable))) },
      { ...results, ...named(assigned) },
    );
    const tolerance = compiledTolerances[this.options.precision];
    for (const [group, { difference }] of Object.entries(differences)) {
      this.compiled.largestDifference = Math.max(this.compiled.largestDifference, difference);
      if (!(difference <= tolerance))
        throw new Rejection(
          `XLA computes ${group} with a relative difference of ${difference.toExponential(1)}, above ${tolerance}`,
        );
    }
    const incomparable = Object.entries(differences).find(([, { compared }]) => compared === 0);
    if (incomparable === undefined) {
      compiled.verified++;
      this.counts.checked++;
    } else if (++compiled.incomparable > maxIncomparable)
      throw new Rejection(`${incomparable[0]} had no finite number to compare in ${compiled.incomparable} steps`);
  }

  private fallBack(reason: string): StepCapture {
    this.rejected = reason;
    this.release();
    return (this.fallback = this.options.fallback());
  }

  private release(): void {
    for (const { replay } of this.byShapes.values()) replay.dispose();
    this.byShapes.clear();
  }

  dispose(): void {
    this.release();
    this.fallback?.dispose();
  }
}

/** Why a computation is not compiled. */
class Rejection extends Error {}

const named = (tensors: readonly tf.Tensor[]): tf.NamedTensorMap =>
  Object.fromEntries(tensors.map((tensor, i) => [`assigned/${i}`, tensor]));

/** The values of all variables at one time. */
class VariableState {
  private readonly values = new Map<tf.Variable, tf.Tensor>(
    (Object.values(tf.engine().registeredVariables) as tf.Variable[]).map((variable) => [variable, copyOf(variable)]),
  );

  valueOf(variable: tf.Variable): tf.Tensor {
    return this.values.get(variable)!;
  }

  /** Assigns to the variables that have been assigned to since. */
  restore(): void {
    for (const [variable, value] of this.values) if (variable.dataId !== value.dataId) variable.assign(value);
  }

  dispose(): void {
    tf.dispose([...this.values.values()]);
  }
}

/** A tensor on the memory that a variable has now; it outlives scopes. */
const copyOf = (variable: tf.Variable): tf.Tensor => tf.keep(tf.clone(variable));
