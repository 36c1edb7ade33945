import type { BadStep } from './loop/bad-step.js';
import type { EpochRecord } from './loop/records.js';
import type { Progress, ProgressBar, StallEvent } from './progress.js';

/** How far a task is: reading images, training, evaluating. */
export interface ProgressEvent {
  task: string;
  done: number;
  total: number;
  /** Beside the numbers: the loss, images a second. */
  note?: string;
  /** True in the last event of a task. */
  ended?: boolean;
}

/** What a running function reports. A callback that throws ends the function with its error. */
export interface RunEvents {
  progress?: (event: ProgressEvent) => void;
  /** A sentence about data or settings that a person should know of: what is left out, guessed or unusual. */
  remark?: (text: string) => void;
  /** An input that is waited for longer than `stallSeconds`, and each time that the wait has doubled; a remark reports it, too. */
  stall?: (event: StallEvent) => void;
}

/** Where a checkpoint stands: epochs and steps that are done, of how many. */
export interface CheckpointEvent {
  file: string;
  epoch: number;
  step: number;
  steps: number;
}

/** From where a run is resumed. */
export interface ResumeEvent extends CheckpointEvent {
  /** Newer checkpoints that are cut or damaged and were passed over, and why. */
  damaged: readonly string[];
}

/** What a training reports. */
export interface TrainEvents extends RunEvents {
  /** After each epoch, once its checkpoint is written. */
  epoch?: (record: EpochRecord) => void;
  /** Once a checkpoint is written: after each epoch, where one is requested, and where the training is stopped. */
  checkpoint?: (event: CheckpointEvent) => void;
  /** Before a run is resumed: from which checkpoint. */
  resume?: (event: ResumeEvent) => void;
  /** After a step that was skipped since its loss or gradients were NaN or infinite; a remark reports it, too. */
  badStep?: (step: BadStep) => void;
  /** After each step. `loss` is the sum of the weighted losses. */
  step?: (event: { step: number; total: number; loss: number }) => void;
}

/** What every long function takes. */
export interface RunControl<Events extends RunEvents = RunEvents> {
  on?: Events;
  /** Ends the function with the signal's reason at the next batch; what it owns is released. */
  signal?: AbortSignal;
  /** Seconds without an image or a batch after which the input is reported as stalled. Default 60. */
  stallSeconds?: number;
}

/** Events and the signal as a {@link Progress}: each update checks the signal. */
export function progressOf({ on = {}, signal, stallSeconds }: RunControl): Progress {
  return {
    stallSeconds,
    stall: (event) => on.stall?.(event),
    remark: (line) => on.remark?.(line),
    start: (task, total) => {
      signal?.throwIfAborted();
      let last = 0;
      let isOpen = true;
      return {
        update: (done, note) => {
          signal?.throwIfAborted();
          last = done;
          on.progress?.({ task, done, total, ...(note && { note }) });
          // A callback may have aborted it.
          signal?.throwIfAborted();
        },
        stop: () => {
          if (isOpen) on.progress?.({ task, done: last, total, ended: true });
          isOpen = false;
        },
      };
    },
  };
}

/** A {@link Progress} as events: a bar for each task, and remarks as lines. */
export function eventsOf(progress: Progress): RunEvents {
  const bars = new Map<string, ProgressBar>();
  return {
    remark: progress.remark,
    stall: progress.stall,
    progress: ({ task, done, total, note, ended }) => {
      const bar = bars.get(task) ?? progress.start(task, total);
      bars.set(task, bar);
      if (!ended) return bar.update(done, note);
      bar.stop();
      bars.delete(task);
    },
  };
}
