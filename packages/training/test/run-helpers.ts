import type { Engine } from '@cxr-align/engine';
import { evaluateDualEncoder, type EvaluateDualEncoderOptions } from '../src/evaluate/evaluate-dual-encoder.js';
import { evaluateRun as evaluate, type EvaluateRunOptions } from '../src/evaluate/evaluate-run.js';
import { eventsOf } from '../src/events.js';
import { openDataset, type OpenOptions } from '../src/inputs/prepare-data.js';
import { silentProgress, type Progress } from '../src/progress.js';
import { train } from '../src/train/train.js';
import type { TrainOptions } from '../src/train/train-options.js';

/** Options with the path of a data set, and how it is opened, instead of an opened one. */
type ByPath<Options> = Omit<Options, 'data' | 'on'> & { path: string } & OpenOptions;
export type TrainRequest = ByPath<TrainOptions>;

const openNames = ['format', 'images', 'projection', 'onePerStudy', 'maxBad', 'allowPatientOverlap', 'columns'];

async function opened<Request extends { path: string }>({ path, ...options }: Request) {
  const isOpen = ([name]: [string, unknown]): boolean => openNames.includes(name);
  const entries = Object.entries(options);
  return {
    ...(Object.fromEntries(entries.filter((entry) => !isOpen(entry))) as Omit<Request, 'path' | keyof OpenOptions>),
    data: await openDataset(path, Object.fromEntries(entries.filter(isOpen))),
  };
}

/** Trains on the data set of a path; a run that is in the folder is replaced. */
export async function trainRun(request: TrainRequest, _engine?: Engine, progress: Progress = silentProgress) {
  const { data, ...options } = await opened(request);
  return train({ overwrite: !request.resume, ...options, data, on: eventsOf(progress) } as TrainOptions);
}

/** Evaluates a run on the data set of a path; into a folder under the run unless another is given. */
export async function evaluateRun(request: ByPath<EvaluateRunOptions>, progress: Progress = silentProgress) {
  return evaluate({ out: true, ...(await opened(request)), on: eventsOf(progress) } as EvaluateRunOptions);
}

/** Evaluates a dual encoder on the data set of a path. */
export async function dualEncoderEvaluation(
  request: ByPath<EvaluateDualEncoderOptions>,
  progress: Progress = silentProgress,
) {
  return evaluateDualEncoder({ ...(await opened(request)), on: eventsOf(progress) } as EvaluateDualEncoderOptions);
}
