import { InputError } from '@cxr-align/files/input-error';
import { adjustPrior, correctLabelShift } from '@cxr-align/metrics';
import type { LabelCalibration } from './calibrated.js';
import type { Evaluation } from './evaluation-schema.js';
import { columnOf } from './predictions.js';

/** Probabilities for the prevalence of the data, with the thresholds that call the same images as before. */
export interface Shifted {
  probabilities: Float64Array;
  thresholds: number[];
  /** For each label the share of positives that was taken for granted, and the one that the data speak for. */
  labels: NonNullable<Evaluation['labelShift']>['labels'];
}

/**
 * Corrects calibrated probabilities for another prevalence than that of validation. A label whose probabilities are all 0 or
 * all 1 on validation holds no information on prevalence and stays as it is.
 *
 * @param probabilities calibrated, of a whole data set, [images, labels] row by row.
 * @throws {InputError} if a label has no prior.
 */
export function correctForPrevalence(
  probabilities: Float64Array,
  {
    labels,
    thresholds,
    calibrations,
  }: {
    labels: readonly string[];
    thresholds: readonly number[];
    calibrations: readonly Pick<LabelCalibration, 'prior'>[];
  },
): Shifted {
  const corrected = probabilities.slice();
  const shifted = labels.map((label, i) => {
    const { prior } = calibrations[i];
    if (prior === null)
      throw new InputError(
        `expected a model with the prevalence that it was calibrated for, got none for ${label}; train again`,
      );
    if (!(prior > 0 && prior < 1)) return { prior, estimated: null, threshold: thresholds[i] };
    const own = correctLabelShift(columnOf(probabilities, labels.length, i), prior);
    own.probabilities.forEach((p, row) => (corrected[row * labels.length + i] = p));
    return { prior, estimated: own.prior, threshold: adjustPrior(thresholds[i], prior, own.prior) };
  });
  return {
    probabilities: corrected,
    thresholds: shifted.map(({ threshold }) => threshold),
    labels: Object.fromEntries(
      labels.map((label, i) => [label, { prior: shifted[i].prior, estimated: shifted[i].estimated }]),
    ),
  };
}
