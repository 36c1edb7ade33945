import { userInfo } from 'node:os';
import {
  describeThresholds,
  isRule,
  newestChange,
  takenBack,
  thresholdWishes,
  wishedChanges,
  writeThresholdChange,
  type ThresholdChange,
  type ThresholdWishes,
} from '@cxr-align/classifier';
import { InputError, lockFolder } from '@cxr-align/files';
import { readTrainedModel } from '../config/config.js';
import { refuseUnknownOptions } from '../known-options.js';
import { withResources } from '../resources.js';
import type { RunThresholds } from './run-thresholds.js';
import { validationOf, type ValidationOptions } from './validation-scores.js';

/** Which thresholds of a run are changed, and to what. */
export interface ChangeThresholdsOptions extends ValidationOptions, ThresholdWishes {
  /** Takes the newest change back instead, and at the next call the one before it. Default false. */
  undo?: boolean;
  /** Who changes them. Default the name of the user of the operating system. */
  by?: string;
  /** Why; part of the record. */
  note?: string;
}

const known: readonly (keyof ChangeThresholdsOptions)[] = [
  'run',
  'rule',
  'labels',
  'undo',
  'by',
  'note',
  'data',
  'encoder',
  'features',
  'on',
  'signal',
  'stallSeconds',
];

/**
 * Changes the thresholds of a trained run: by a rule, on the scores of its validation images alone, or to given values. Prediction
 * and evaluation decide by the new ones from then on. What was changed to what, by whom and when is added to the model folder, where
 * the thresholds of training stay; a process that is stopped at any moment leaves the old thresholds or the new ones.
 *
 * @returns the thresholds that hold now, with what they find on validation, and all changes.
 * @throws {InputError} if a label is unknown, a rule or a value is none, a rule that was requested for one label chooses none, there is
 *   nothing to change or to take back, or the run has no scores of its validation images.
 *
 * @example
 * const { labels } = await changeThresholds({ run: 'runs/a', rule: 'youden', labels: { Pneumothorax: 'sensitivity=0.95' } });
 */
export async function changeThresholds(options: ChangeThresholdsOptions): Promise<RunThresholds> {
  refuseUnknownOptions('training/changeThresholds', options, known);
  const { run, undo = false, rule, labels = {}, note } = options;
  const asked = rule !== undefined || Object.keys(labels).length > 0;
  if (undo === asked)
    throw new InputError(
      `expected a rule, thresholds of labels, or undo, got ${undo ? 'both' : 'none'}; choose one of the three`,
    );
  readTrainedModel(run);
  return withResources(async (resources) => {
    const lock = lockFolder(run, 'thresholds');
    resources.defer(() => lock.release());
    const stored = readTrainedModel(run);
    const wishes = undo ? undefined : thresholdWishes(options, stored.graph.labels);
    const validation = await validationOf(options, stored, wishes?.some(isRule) ?? false);
    const { changed, left } = wishes
      ? wishedChanges(wishes, stored, { validation, named: new Set(Object.keys(labels)) })
      : { changed: takenBack(stored), left: {} };
    const { thresholdChanges: changes = [] } = stored;
    const change: ThresholdChange = {
      number: changes.length + 1,
      date: new Date().toISOString(),
      by: options.by ?? userName(),
      ...(note !== undefined && { note }),
      ...(undo && { undoes: newestChange(changes).number }),
      labels: changed,
    };
    const isChange = Object.keys(changed).length > 0;
    if (isChange) {
      lock.assertHeld();
      writeThresholdChange(run, change);
    }
    return {
      run,
      ...describeThresholds({ stored: readTrainedModel(run), before: stored, validation }),
      changed: isChange ? change : null,
      left,
    };
  });
}

/** The user of the operating system; a container may run one without a name. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return `user ${process.getuid?.() ?? 'unknown'}`;
  }
}
