import { checkRowLength, checkTargets } from './check-input.js';

/** Precision, recall and their harmonic mean over labels and what they imply. */
export interface HierarchicalScores {
  precision: number;
  recall: number;
  f1: number;
}

/**
 * Hierarchical precision, recall and F: both targets and decisions are propagated to ancestors first, so that a near
 * miss (the parent right, the child wrong) is no whole one. Summed over all rows; NaN where nothing is predicted, or is present.
 *
 * @param targets [rows, labels] row by row: 1, 0, NaN where unknown; entries unknown after propagation do not count.
 * @param decisions 1 or 0, as targets.
 * @param ancestors for each label the indices of the labels above it.
 * @see Kiritchenko et al. 2005, "Functional annotation of genes using hierarchical text categorization".
 */
export function hierarchicalScores(
  targets: ArrayLike<number>,
  decisions: ArrayLike<number>,
  ancestors: readonly (readonly number[])[],
): HierarchicalScores {
  checkTargets('hierarchicalScores', { targets, decisions });
  checkRowLength('hierarchicalScores', targets, ancestors.length);
  const labels = ancestors.length;
  let [both, predicted, present] = [0, 0, 0];
  const truth = new Float64Array(labels);
  const claim = new Uint8Array(labels);
  for (let start = 0; start < targets.length; start += labels) {
    for (let label = 0; label < labels; label++) {
      truth[label] = targets[start + label];
      claim[label] = decisions[start + label] === 1 ? 1 : 0;
    }
    for (let label = 0; label < labels; label++) {
      for (const above of ancestors[label]) {
        if (targets[start + label] === 1) truth[above] = 1;
        if (decisions[start + label] === 1) claim[above] = 1;
      }
    }
    for (let label = 0; label < labels; label++) {
      if (Number.isNaN(truth[label])) continue;
      predicted += claim[label];
      present += truth[label];
      both += claim[label] * truth[label];
    }
  }
  const [precision, recall] = [both / predicted, both / present];
  return { precision, recall, f1: (2 * both) / (predicted + present) };
}
