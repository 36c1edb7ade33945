import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { InputError } from '@cxr-align/files';
import { safeName } from '../safe-name.js';
import { evaluationsFolder } from '../run-folder.js';

/** What an evaluation is of, beside its model. */
export interface EvaluatedSet {
  /** The name of the data set. */
  data: string;
  split: string;
  /** What is not as by default: views, a correction for prevalence, labels by their prompts. */
  variants?: readonly string[];
}

/** The folder under a run that an evaluation of it has to itself: `RUN/evaluations/DATA-SPLIT`. */
export function evaluationFolder(run: string, { data, split, variants = [] }: EvaluatedSet): string {
  return join(evaluationsFolder(run), safeName([data, split, ...variants].join('-')));
}

/** @throws {InputError} if a folder is a run: what training wrote there stays. */
export function refuseRunFolder(folder: string): void {
  const isRun = ['identity.json', 'checkpoints', 'history.jsonl', join('model', 'model.safetensors')].some((name) =>
    existsSync(join(folder, name)),
  );
  if (isRun)
    throw new InputError(
      'expected a folder for the evaluation, got a run, whose own evaluation stays as training wrote it; leave it out for a folder of its own under the run, or use another one',
      { file: folder },
    );
}
