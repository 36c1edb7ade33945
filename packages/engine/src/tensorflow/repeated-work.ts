import type { RepeatedRun, RepeatedWork } from '@cxr-align/fast-forms';
import * as tf from '@tensorflow/tfjs-core';
import { Operations, type NodeBackend } from './operations.js';
import { forget, record, sharing, type Recording, type Source } from './recording.js';
import { Replay } from './replay.js';

/** How often recordings of the same inputs may differ before no more are made. */
const patience = 6;

/** Inputs of more shapes are not kept apart: work whose shapes hardly come again is done as it is. */
const mostShapes = 16;

/** What is known of the work for inputs of some shapes. */
interface Known {
  step: number;
  round: number;
  recording?: Recording;
  /** It has the recording. */
  replay?: Replay;
  /** Whether the replay was seen to give what the work gives. */
  isHeld: boolean;
  differences: number;
}

/**
 * Work whose operations TensorFlow runs as one, without JavaScript in between.
 *
 * Two runs are recorded. Where they are the same but for what counts the steps, the third is done both ways: only what gives the
 * same bits is replayed from then on. The first run of each round is recorded again, and constants that have changed are taken
 * from there; work that looks at values, or is not the same twice, is done as it is.
 */
export class TensorflowRepeatedWork implements RepeatedWork {
  /** Why work is not replayed, where it was recorded in vain. */
  reason?: string;
  private readonly byShapes = new Map<string, Known>();
  private readonly asBackend = tf.backend();
  private readonly backend = this.asBackend as unknown as NodeBackend;

  run({ inputs, step, round, hasDrawn }: RepeatedRun, work: () => tf.NamedTensorMap): tf.NamedTensorMap {
    const shapes = inputs.map(({ dtype, shape }) => `${dtype}[${shape.join()}]`).join(' ');
    const known = this.byShapes.get(shapes) ?? { step, round, isHeld: false, differences: 0 };
    const isNew = !this.byShapes.has(shapes);
    // Another backend may be in use by now.
    if (known.differences > patience || (isNew && this.byShapes.size >= mostShapes) || tf.backend() !== this.asBackend)
      return work();
    this.byShapes.set(shapes, known);
    if (known.replay && known.round === round) {
      const results = known.isHeld ? this.replay(known, inputs, step) : this.hold(known, inputs, step, work);
      return results ?? work();
    }
    const { results, recording } = record(this.backend, inputs, work);
    this.take(known, recording, step);
    if (hasDrawn?.()) this.giveUp(known, 'the work draws numbers of its own');
    known.step = step;
    known.round = round;
    return results;
  }

  /** Makes of a further recording what can be made of it. */
  private take(known: Known, recording: Recording | string, step: number): void {
    if (typeof recording === 'string') {
      this.reason = recording;
      known.differences += recording === sharing ? 1 : Infinity;
      this.drop(known);
      return;
    }
    const { replay, recording: before } = known;
    const difference = before && differenceOf(before, recording);
    if (replay && difference === undefined) {
      replay.renew(recording);
      known.recording = recording;
      return;
    }
    const counting = before && countingEntries(before, recording, known.step, step);
    this.drop(known);
    known.recording = recording;
    if (!counting) return;
    if (difference !== undefined || typeof counting === 'string') {
      this.reason = difference ?? (counting as string);
      known.differences++;
      return;
    }
    try {
      known.replay = new Replay(this.backend, recording, counting);
    } catch (error) {
      this.giveUp(known, (error as Error).message);
    }
  }

  /** What the replay gives; nothing, and no replay any more, where it cannot be run: a tensor that was kept is gone, say. */
  private replay(known: Known, inputs: readonly tf.Tensor[], step: number): tf.NamedTensorMap | undefined {
    try {
      return known.replay!.run(inputs, step);
    } catch (error) {
      this.giveUp(known, (error as Error).message);
      return undefined;
    }
  }

  /** Does the work both ways. @returns what both give, if it is the same to the last bit; else all is as it was before. */
  private hold(
    known: Known,
    inputs: readonly tf.Tensor[],
    step: number,
    work: () => tf.NamedTensorMap,
  ): tf.NamedTensorMap | undefined {
    const variables = [...known.recording!.assigned.keys()];
    const before = variables.map((variable) => tf.clone(variable));
    const restore = (): void => variables.forEach((variable, i) => variable.assign(before[i]));
    // One after the other: gradients of all variables twice would be the most memory of all.
    const bitsOf = (results: tf.NamedTensorMap): string =>
      [...Object.entries(results), ...variables.entries()].map(([name, tensor]) => `${name}:${hashOf(tensor)}`).join();
    const done = work();
    const expected = bitsOf(done);
    tf.dispose(done);
    restore();
    let replayed = this.replay(known, inputs, step);
    known.isHeld = replayed !== undefined && bitsOf(replayed) === expected;
    if (known.isHeld) this.reason = undefined;
    else if (replayed) {
      this.giveUp(known, 'TensorFlow gives other bits where it runs the operations as one');
      tf.dispose(replayed);
      restore();
      replayed = undefined;
    }
    tf.dispose(before);
    return replayed;
  }

  private giveUp(known: Known, reason: string): void {
    this.reason = reason;
    known.differences = Infinity;
    this.drop(known);
  }

  private drop(known: Known): void {
    if (known.replay) known.replay.dispose();
    else if (known.recording) forget(this.backend, known.recording);
    known.replay = known.recording = undefined;
    known.isHeld = false;
  }

  dispose(): void {
    for (const known of this.byShapes.values()) this.drop(known);
    this.byShapes.clear();
  }
}

/** What differs between the operations of two recordings, or between what goes into them; undefined if nothing does. */
function differenceOf(before: Recording, after: Recording): string | undefined {
  const { operations } = before;
  if (operations.length !== after.operations.length)
    return `there were ${operations.length} operations, then ${after.operations.length}`;
  const changed = operations.findIndex((one, i) => !isSame(one, after.operations[i]));
  if (changed >= 0) return `operation ${changed}, ${operations[changed].name}, was another the next time`;
  for (const part of ['results', 'assigned'] as const)
    if (!isSame([...before[part].values()], [...after[part].values()])) return `${part} were others the next time`;
  for (const [number, one] of before.sources) {
    const other = after.sources.get(number);
    if (!other || !isAlike(one, other)) return `a tensor (${one.kind}, then ${other?.kind}) was another the next time`;
  }
  return undefined;
}

/** Whether two sources are the same but for the values of constants. */
function isAlike(one: Source, other: Source): boolean {
  switch (one.kind) {
    case 'constant':
      return other.kind === 'constant' && one.type === other.type && isSame(one.shape, other.shape);
    case 'input':
      return other.kind === 'input' && one.index === other.index;
    case 'variable':
      return other.kind === 'variable' && one.variable === other.variable;
    case 'kept':
      return other.kind === 'kept' && one.id === other.id;
  }
}

/** Which entries of constants differ between two steps; why they cannot be told for the next, if they are not the numbers of the steps. */
function countingEntries(
  before: Recording,
  after: Recording,
  step: number,
  nextStep: number,
): Map<number, number[]> | string {
  const counting = new Map<number, number[]>();
  for (const [number, one] of before.sources) {
    const other = after.sources.get(number);
    if (one.kind !== 'constant' || other?.kind !== 'constant') continue;
    const places = one.values.flatMap((value, i) => (value === other.values[i] ? [] : [i]));
    if (!places.every((i) => one.values[i] === step && other.values[i] === nextStep))
      return 'a number that does not count the steps was another the next time';
    if (places.length > 0) counting.set(number, places);
  }
  return counting;
}

const isSame = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other);

/** Numbers that the bits of a tensor's values decide, or all values of what are no floats. */
function hashOf(tensor: tf.Tensor): string {
  if (tensor.dtype !== 'float32') return tensor.dataSync().join();
  const parts = new Operations().one('CxrHash', [tensor], []);
  const hash = parts.dataSync().join();
  parts.dispose();
  return hash;
}
