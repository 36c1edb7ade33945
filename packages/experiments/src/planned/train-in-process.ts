import { fork } from 'node:child_process';
import type { EventEmitter } from 'node:events';
import type { EngineName } from '@cxr-align/engine';
import { type CheckpointEvent, type OpenOptions, type TrainOptions, workerFile } from '@cxr-align/training';
import type { FoldOfRun } from './fold-plan.js';
import type { ShotOfRun } from './shot-plan.js';

/** A training as plain data, for a process of its own. */
export interface TrainTask extends Omit<TrainOptions, 'data' | 'on' | 'signal' | 'checkpointWhen'> {
  /** What the training is one of: an ablation, a search. */
  series: string;
  engine: EngineName | 'auto';
  /** Files of plug-ins. */
  plugins: readonly string[];
  path: string;
  /** The hash of each part of the table as it was read where the training was started. */
  table: Record<string, string>;
  options: OpenOptions;
  /** The fold of a cross-validation that it is evaluated on. */
  fold?: FoldOfRun;
  /** The draw of a few-shot series that it is trained on. */
  shot?: ShotOfRun;
}

/** An evaluation as plain data, for a process of its own. */
export interface EvaluateTask extends Pick<TrainTask, 'series' | 'engine' | 'plugins' | 'path' | 'table' | 'options'> {
  run: string;
  split: string;
  out: string;
  encoder?: string;
  features?: string;
}

/** Why a training failed. */
export interface TrainFailure {
  message: string;
  /** Whether its numbers became NaN or infinite: it fails so each time. */
  isNonFinite: boolean;
}

/** What a process is sent: first the task, then requests. */
export type ToTraining = { task: TrainTask } | { evaluation: EvaluateTask } | { checkpoint: true };

/** What it reports: a checkpoint that was requested, and at last how the training ended. */
export type FromTraining = { checkpoint: CheckpointEvent } | { ended: { failure?: TrainFailure } };

/** What a training in another process obeys and reports. */
export interface ProcessControl {
  /** Stops the training, which writes a checkpoint; what has not ended half a minute later is killed. */
  signal?: AbortSignal;
  /** Each `checkpoint` of it requests a checkpoint of the training. */
  requests?: EventEmitter;
  onCheckpoint?: (event: CheckpointEvent) => void;
}

/** How long a training that is stopped may take for its checkpoint. */
const patienceMs = 30_000;

/** Trains, or evaluates, in a process of its own, which ends with this one. @returns why it failed; undefined if it did not. */
export async function runInProcess(
  task: { task: TrainTask } | { evaluation: EvaluateTask },
  { signal, requests, onCheckpoint }: ProcessControl = {},
): Promise<TrainFailure | undefined> {
  signal?.throwIfAborted();
  const child = fork(workerFile(import.meta.url, 'training-worker'), { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
  let patience: NodeJS.Timeout | undefined;
  const stop = (): void => {
    child.kill('SIGTERM');
    patience = setTimeout(() => child.kill('SIGKILL'), patienceMs);
  };
  // One that has just ended no longer takes it.
  const ask = (): void => void (child.connected && child.send({ checkpoint: true } satisfies ToTraining, () => {}));
  signal?.addEventListener('abort', stop);
  requests?.on('checkpoint', ask);
  let printed = '';
  let ended: { failure?: TrainFailure } | undefined;
  child.stderr!.on('data', (part: Buffer) => (printed = (printed + part.toString()).slice(-4000)));
  child.on('message', (message) => {
    const from = message as FromTraining;
    if ('ended' in from) ended = from.ended;
    else onCheckpoint?.(from.checkpoint);
  });
  child.send(task satisfies ToTraining, (error) => error && child.kill());
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once('close', resolve);
      child.once('error', reject);
    });
    signal?.throwIfAborted();
    if (ended) return ended.failure;
    const last = printed && `: ${printed.trim().split('\n').slice(-3).join('\n')}`;
    return { message: `the process ended with ${code ?? 'a signal'}${last}`, isNonFinite: false };
  } finally {
    clearTimeout(patience);
    signal?.removeEventListener('abort', stop);
    requests?.off('checkpoint', ask);
  }
}
