import type { CaptureRequest, StepCapture, StepCaptureReport } from '@cxr-align/fused-ops';
import * as tf from '@tensorflow/tfjs-core';
import { runNativeOp } from '../tensorflow/native-ops.js';
import type { NodeBackend } from '../tensorflow/operations.js';
import { changedValue, counterEntries, differenceOf } from './differences.js';
import { forget, record, sharedMemory, type Recording } from './recording.js';
import { Replay } from './replay.js';

/** After so many recordings that differ from the one before, a computation is not recorded any more. */
const maxDifferences = 6;

/** A computation whose input shapes hardly repeat is not captured: at most so many sets of shapes are. */
export const maxShapes = 16;

/**
 * After so many replays a step is computed operation by operation again and compared with what is replayed. A constant that changes
 * without a new captureVersion is noticed then, at the price of one ordinary step in 64.
 */
export const recheckInterval = 64;

/** What is known of the computation for inputs of one set of shapes. */
interface Capture {
  step: number;
  version: number;
  recording?: Recording;
  /** Owns the recording. */
  replay?: Replay;
  /** Whether a replay was seen to give the bits of the computation. */
  isVerified: boolean;
  /** Replays since the computation was last recorded. */
  replays: number;
  differences: number;
}

/**
 * Captures a repeated computation as one TensorFlow function, and replays it without JavaScript between its operations.
 *
 * Two steps are recorded. Where they differ in nothing but step counters, they become a function, and the third step is computed both
 * ways: only a function that gives the same bits is used. The first step of each captureVersion and every {@link recheckInterval}th
 * step are recorded again. A computation that reads values, or is not the same twice, is computed operation by operation; so is one
 * whose verification or replay fails.
 */
export class TensorflowStepCapture implements StepCapture {
  private readonly byShapes = new Map<string, Capture>();
  private readonly asBackend = tf.backend();
  private readonly backend = this.asBackend as unknown as NodeBackend;
  private readonly counts = { captured: 0, opByOp: 0, checked: 0, possiblyStale: 0 };
  private reason?: string;

  report(): StepCaptureReport {
    return { mode: 'replay', ...this.counts, reason: this.reason };
  }

  run(request: CaptureRequest, computeAt: (step: number) => tf.NamedTensorMap): tf.NamedTensorMap {
    const { inputs, captureVersion = 0 } = request;
    const compute = (): tf.NamedTensorMap => computeAt(request.step);
    const capture = this.captureFor(inputs, request.step, captureVersion);
    if (!capture) return this.computed(compute);
    if (capture.replay && capture.version === captureVersion) {
      if (!capture.isVerified) return this.verify(capture, request, compute);
      if (capture.replays < recheckInterval) return this.replay(capture, request) ?? this.computed(compute);
    }
    this.counts.opByOp++;
    const { results, recording } = record(this.backend, inputs, compute);
    try {
      this.ingest(capture, recording, request);
    } catch (error) {
      this.reject(capture, (error as Error).message);
    }
    if (request.hasDrawn?.()) this.reject(capture, 'the computation draws random numbers in JavaScript');
    capture.step = request.step;
    capture.version = captureVersion;
    return results;
  }

  /** What is known for such inputs; undefined where nothing is captured, because it was rejected or another backend is in use. */
  private captureFor(inputs: readonly tf.Tensor[], step: number, version: number): Capture | undefined {
    if (tf.backend() !== this.asBackend) return undefined;
    const shapes = shapesOf(inputs);
    const known = this.byShapes.get(shapes);
    if (known) return known.differences > maxDifferences ? undefined : known;
    if (this.byShapes.size >= maxShapes) {
      this.reason ??= `inputs had more than ${maxShapes} sets of shapes`;
      return undefined;
    }
    const capture = { step, version, isVerified: false, replays: 0, differences: 0 };
    this.byShapes.set(shapes, capture);
    return capture;
  }

  private computed(compute: () => tf.NamedTensorMap): tf.NamedTensorMap {
    this.counts.opByOp++;
    return compute();
  }

  /** Takes in a further recording: makes a function of it, or compares it with the one that is replayed. */
  private ingest(capture: Capture, recording: Recording | string, { step, captureVersion = 0 }: CaptureRequest): void {
    if (typeof recording === 'string') {
      this.reason = recording;
      capture.differences += recording === sharedMemory ? 1 : Infinity;
      this.drop(capture);
      return;
    }
    const { replay, recording: before } = capture;
    const difference = before && differenceOf(before, recording);
    if (replay) {
      const changed = difference ?? changedValue(before!, recording, replay.counters, step);
      this.counts.checked++;
      if (capture.version === captureVersion && changed !== undefined) {
        this.rejectStale(capture, recording, changed);
        return;
      }
      if (difference === undefined && replay.countersMatch(recording, step)) {
        replay.renew(recording);
        capture.recording = recording;
        capture.replays = 0;
        return;
      }
    }
    const counters = before && counterEntries(before, recording, capture.step, step);
    this.drop(capture);
    capture.recording = recording;
    if (!counters) return;
    if (difference !== undefined || typeof counters === 'string') {
      this.reason = difference ?? (counters as string);
      capture.differences++;
      return;
    }
    capture.replay = new Replay(this.backend, recording, counters);
  }

  /** Replays a step; on a failure (a kept tensor is gone, say) the capture is rejected and nothing returned. */
  private replay(capture: Capture, { inputs, step }: CaptureRequest): tf.NamedTensorMap | undefined {
    try {
      const results = capture.replay!.run(inputs, step);
      capture.replays++;
      this.counts.captured++;
      return results;
    } catch (error) {
      this.reject(capture, (error as Error).message);
      return undefined;
    }
  }

  /**
   * Computes a step both ways and keeps the capture if the bits of results and assigned variables are equal. Whatever fails on the way,
   * the step is computed operation by operation from the state before it, and the capture rejected; only an error of the computation
   * itself is thrown, as it would be without capture.
   */
  private verify(capture: Capture, request: CaptureRequest, compute: () => tf.NamedTensorMap): tf.NamedTensorMap {
    const variables = [...capture.recording!.assigned.keys()];
    const before = variables.map((variable) => tf.clone(variable));
    const restore = (): void => variables.forEach((variable, i) => variable.assign(before[i]));
    const bitsOf = (results: tf.NamedTensorMap): string =>
      [...Object.entries(results), ...variables.entries()].map(([name, tensor]) => `${name}:${hashOf(tensor)}`).join();
    this.counts.opByOp++;
    try {
      let results = compute();
      try {
        const expected = bitsOf(results);
        // One after the other: the gradients of all variables twice would be the peak of memory.
        tf.dispose(results);
        restore();
        results = capture.replay!.run(request.inputs, request.step);
        if (bitsOf(results) !== expected)
          throw new Error('TensorFlow computes other bits where it runs the operations as one function');
        this.counts.checked++;
        capture.isVerified = true;
        this.reason = undefined;
        return results;
      } catch (error) {
        this.reject(capture, (error as Error).message);
        tf.dispose(results);
        restore();
        return compute();
      }
    } finally {
      tf.dispose(before);
    }
  }

  /** Rejects a capture that replayed steps with a value that had changed; the caller should have raised captureVersion. */
  private rejectStale(capture: Capture, recording: Recording, changed: string): void {
    const { replays } = capture;
    this.counts.possiblyStale += replays;
    forget(this.backend, recording);
    this.reject(capture, `${changed}, though captureVersion stayed the same: up to ${replays} steps used the old one`);
    warnOfStale(this.reason!);
  }

  private reject(capture: Capture, reason: string): void {
    this.reason = reason;
    capture.differences = Infinity;
    this.drop(capture);
  }

  private drop(capture: Capture): void {
    if (capture.replay) capture.replay.dispose();
    else if (capture.recording) forget(this.backend, capture.recording);
    capture.replay = capture.recording = undefined;
    capture.isVerified = false;
    capture.replays = 0;
  }

  dispose(): void {
    for (const capture of this.byShapes.values()) this.drop(capture);
    this.byShapes.clear();
  }
}

/** The shapes and types of inputs, by which captures are distinguished. */
export function shapesOf(inputs: readonly tf.Tensor[]): string {
  return inputs.map(({ dtype, shape }) => `${dtype}[${shape.join()}]`).join(' ');
}

/** Reports a value that changed without a new captureVersion. */
export function warnOfStale(reason: string): void {
  process.emitWarning(`engine/stepCapture: ${reason}; raise captureVersion when such a value changes`, {
    code: 'CXR_ALIGN_STALE_CAPTURE',
  });
}

/** A hash of a tensor's bits; all values of one that is not float32. */
function hashOf(tensor: tf.Tensor): string {
  if (tensor.dtype !== 'float32') return tensor.dataSync().join();
  const { parts } = runNativeOp('CxrHash', { x: tensor }, {});
  try {
    return parts.dataSync().join();
  } finally {
    parts.dispose();
  }
}
