import { sayThresholdsGo } from '@cxr-align/classifier';
import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { InputError, removeLeftOvers, type FolderLock } from '@cxr-align/files';
import {
  checkIdentity,
  hashOfIdentity,
  isSameButLength,
  lengthKeys,
  readIdentity,
  writeIdentity,
  type RunIdentity,
} from '../identity/run-identity.js';
import { newestCheckpoint, type Checkpoint } from '../loop/checkpoint.js';
import type { Progress } from '../progress.js';
import { clearResults, clearRunFolder, putEvaluationsAside } from '../run-folder.js';
import { resumeSession, type Session } from './session.js';
import type { TrainOptions } from './train-options.js';
import { checkTrainOn, endByPatience, readdressCheckpoint } from './train-on.js';

/** What a run is begun, or resumed, with. */
export interface RunStart {
  identity: RunIdentity;
  session: Session;
  lock: FolderLock;
  progress: Progress;
}

/** Puts the newest whole checkpoint back where a run is resumed and has one; else clears the folder. */
export function beginRun(options: TrainOptions, start: RunStart): void {
  const { out: run, resume } = options;
  const { identity, session, progress } = start;
  const checkpoint = resume ? newestCheckpoint(run) : undefined;
  if (!checkpoint) {
    if (identity.from && options.from === undefined)
      throw new InputError(
        'expected the run whose weights it starts from, since no checkpoint was written before it stopped; name it again (from)',
        { file: run },
      );
    if (resume) progress.remark('no checkpoint was written before the run stopped: it is trained from the start');
    clearRunFolder(run);
    writeIdentity(run, identity);
    return;
  }
  const then = formerLength(run, checkpoint, identity);
  if (then) trainOn(run, { ...start, then, checkpoint });
  else {
    const nameOf = (row: number): string => options.data.dataset.samples[row].id;
    checkIdentity(run, identity, { known: checkpoint.identity, nameOf }).forEach((line) => progress.remark(line));
    resumeSession(run, hashOfIdentity(identity), checkpoint, session);
  }
  sayResumed(options, session, checkpoint, progress);
}

function sayResumed(
  { out: run, on }: TrainOptions,
  { loop, config }: Session,
  checkpoint: Checkpoint,
  progress: Progress,
): void {
  // A training that was killed when its length was changed may have left them.
  if (!loop.isFinished) {
    sayThresholdsGo(run, progress);
    clearResults(run);
  }
  for (const folder of [run, join(run, 'model'), join(run, 'figures')]) removeLeftOvers(folder);
  const file = join(run, 'checkpoints', basename(checkpoint.file));
  const { step, epoch, totalSteps: steps } = loop;
  on?.resume?.({ file, epoch, step, steps, damaged: checkpoint.damaged });
  checkpoint.damaged.forEach((reason) => progress.remark(`a checkpoint is passed over: ${reason}`));
  progress.remark(`resumed after epoch ${epoch} of ${config.epochs}, step ${step} of ${steps}, from ${file}`);
  const { history } = loop;
  if (endByPatience(history, config.patience) !== undefined && epoch < config.epochs)
    progress.remark(
      `the run has ended after epoch ${epoch}, since validation has not become better for ${config.patience} epochs (patience): more epochs change nothing; set patience=0 to train on`,
    );
}

/** The identity of a run that is resumed with another length; undefined where it is resumed as it is, or with other settings, too. */
function formerLength(run: string, { identity: known }: Checkpoint, now: RunIdentity): RunIdentity | undefined {
  if (hashOfIdentity(now) === known || !existsSync(join(run, 'identity.json'))) return undefined;
  const then = readIdentity(run);
  return then && hashOfIdentity(then) === known && isSameButLength(then, now) ? then : undefined;
}

/** Resumes a run with another length, as if it had been begun so. */
function trainOn(
  run: string,
  { then, identity, session, checkpoint, lock, progress }: RunStart & { then: RunIdentity; checkpoint: Checkpoint },
): void {
  const { loop, config } = session;
  resumeSession(run, checkpoint.identity, checkpoint, session);
  const { epoch, step, stepsPerEpoch, history } = loop;
  checkTrainOn(run, { then: then.config, now: config, at: { epoch, step, stepsPerEpoch, history } });
  const changes = lengthKeys.flatMap((key) =>
    then.config[key] === config[key] ? [] : [`${key} ${config[key]} instead of ${then.config[key]}`],
  );
  progress.remark(`trained on with ${changes.join(', ')}, as if it had been so from the start`);
  lock.assertHeld();
  putEvaluationsAside(run, epoch);
  // The checkpoint comes first: with it alone the training can be started again.
  readdressCheckpoint(run, hashOfIdentity(identity), checkpoint, step);
  writeIdentity(run, identity);
}
