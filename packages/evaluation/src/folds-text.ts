import type { Evaluation } from './evaluation-schema.js';
import { fixed } from './maybe-number.js';

/** How the predictions of a cross-validation came about, and how much they vary: lines for a terminal. */
export function foldsText({ folds: found }: Pick<Evaluation, 'folds'>): string[] {
  if (!found) return [];
  const { repeats, macro, withinFolds, method } = found;
  const [low, high] = macro.ci.map((bound) => fixed(bound) ?? '–');
  const within = `inside the folds ${fixed(withinFolds) ?? '–'}`;
  return [
    repeats === 1
      ? `macro AUROC over all images ${fixed(macro.mean) ?? '–'}, ${within}`
      : `macro AUROC of ${repeats} repeats: mean ${fixed(macro.mean) ?? '–'} ± ${fixed(macro.sd) ?? '–'}, 95 % ${low} to ${high}, patients and repeats resampled; ${within}`,
    method,
  ];
}
