import { join } from 'node:path';
import { startedEngine } from '@cxr-align/engine';
import { folderHash, thresholdOriginOf, type StoredModel } from '@cxr-align/classifier';
import type { EvaluationIdentity, Predictions } from '@cxr-align/evaluation';
import { sha256 } from '@cxr-align/files';
import type { Config } from '../config/config-schema.js';
import { codeVersions } from '../identity/code-versions.js';

/** What an evaluation of a run is of and was made by, but for the data. */
export function evaluationIdentity(
  run: string,
  stored: StoredModel<Config>,
  { labelShift = false }: { labelShift?: boolean } = {},
): Omit<EvaluationIdentity, 'data'> {
  return {
    ...evaluator(),
    model: folderHash(join(run, 'model')),
    thresholds: `${thresholdOriginOf(stored)}${labelShift ? ', then corrected for the prevalence of the evaluated images' : ''}`,
  };
}

/** The code and the engine of this process. */
export function evaluator(): Pick<EvaluationIdentity, 'version' | 'engine'> {
  const name = '@cxr-align/evaluation';
  const engine = startedEngine();
  return {
    version: `${name} ${codeVersions()[name]}`,
    engine: engine ? `${engine.name} (${engine.description})` : null,
  };
}

/** What an evaluation of scores of another program is of: no model is known, and the data are names, patients and targets. */
export function scoresIdentity(
  { labels, samples, targets }: Pick<Predictions, 'labels' | 'samples' | 'targets'>,
  thresholds: string,
): EvaluationIdentity {
  const rows = samples.map(({ id, patient }) => [id, patient]);
  const data = sha256(JSON.stringify([labels, rows, [...targets]]));
  return { ...evaluator(), engine: null, model: null, data, thresholds };
}
