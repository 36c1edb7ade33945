import type { Answer, ModelIdentity, Question } from './answer.js';

/** What a worker is started with. */
export interface WorkerStart {
  run: string;
  encoder?: string;
  engine: string;
  threads?: number;
  version: string;
  anyModality: boolean;
}

/** From the service to a worker. */
export type ToWorker = { kind: 'start'; start: WorkerStart } | { kind: 'ask'; question: Question };

/** From a worker to the service. */
export type FromWorker =
  | { kind: 'ready'; model: ModelIdentity; labels: string[] }
  | { kind: 'refused'; message: string }
  | { kind: 'answer'; answer: Answer }
  | { kind: 'fault'; message: string };
