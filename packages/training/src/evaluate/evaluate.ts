import { evaluateScores, type ScoreEvaluationOptions, type EvaluatedScores } from '@cxr-align/evaluation';
import {
  evaluateDualEncoder,
  type EvaluateDualEncoderOptions,
  type EvaluatedDualEncoder,
} from './evaluate-dual-encoder.js';
import { evaluateRun, type EvaluateRunOptions } from './evaluate-run.js';
import type { EvaluatedRun } from './evaluated-model.js';

/**
 * Evaluates a run on a data set (`run`, `data`), a dual encoder without any training (`encoder`, `textEncoder`, `data`), or scores that
 * another program made (`scores`, `targets`, `labels`).
 *
 * @throws {TypeError} if the options name none of them, or an option that it does not have.
 */
export function evaluate(options: EvaluateRunOptions): Promise<EvaluatedRun>;
export function evaluate(options: EvaluateDualEncoderOptions): Promise<EvaluatedDualEncoder>;
export function evaluate(options: ScoreEvaluationOptions): Promise<EvaluatedScores>;
export async function evaluate(
  options: EvaluateRunOptions | EvaluateDualEncoderOptions | ScoreEvaluationOptions,
): Promise<EvaluatedRun | EvaluatedDualEncoder | EvaluatedScores> {
  if ('run' in options) return evaluateRun(options);
  if ('scores' in options) return evaluateScores(options);
  if ('textEncoder' in options) return evaluateDualEncoder(options);
  throw new TypeError(
    `training/evaluate: expected the option run, scores or textEncoder, got ${Object.keys(options ?? {}).join(', ') || 'none'}`,
  );
}
