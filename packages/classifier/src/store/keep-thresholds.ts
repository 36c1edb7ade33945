import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { keptThresholdChanges } from './model-folder.js';
import type { StoredModel } from './stored-model.js';
import { changedThresholds, changeNumber } from './threshold-changes.js';

/** Hears a sentence. */
interface Listener {
  remark: (line: string) => void;
}

/**
 * Changes of thresholds hold on in a run whose model is made again, if its training fitted the same ones.
 *
 * @param stored gets them.
 */
export function keepThresholds(run: string, stored: StoredModel, progress: Listener): void {
  const changes = keptThresholdChanges(run, stored.graph.labels, stored.thresholds);
  if (changes.length === 0) return;
  stored.thresholds = changedThresholds(stored.graph.labels, stored.thresholds, changes);
  stored.thresholdChanges = changes;
  progress.remark(`the thresholds stay as they were changed after the training (${changes.length} changes)`);
}

/** Reports that changes of thresholds end with the model that they are of, before that is removed. */
export function sayThresholdsGo(run: string, progress: Listener): void {
  const folder = join(run, 'model');
  const changes = existsSync(folder) ? readdirSync(folder).filter((name) => changeNumber(name) !== undefined) : [];
  if (changes.length > 0)
    progress.remark(
      `the thresholds of the model before were changed (${changes.length} changes); those of the model that is trained now are chosen on validation: change them again`,
    );
}
