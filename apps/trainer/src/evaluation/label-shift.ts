import { InputError } from '@cxr-align/files';
import { atPrior, correctLabelShift } from '@cxr-align/metrics';
import type { LabelCalibration } from './calibrated.js';
import type { Evaluation } from './evaluation-schema.js';
import { columnOf } from './predictions.js';

/** Probabilities for the prevalence of the data, with the thresholds that call the same images as before. */
export interface Shifted {
  probabilities: Float32Array;
  thresholds: number[];
  /** For each label the share of positives that was taken for granted, and the one that the data speak for. */
  labels: NonNullable<Evaluation['labelShift']>['labels'];
}

/**
 * Corrects calibrated probabilities for another prevalence than that of validation. A label whose probabilities are all 0 or
 * all 1 on validation says nothing of prevalence and stays as it is.
 *
 * @param probabilities calibrated, of a whole data set, [images, labels] row by row.
 * @throws {InputError} if the run is from before priors were kept.
 */
export function correctForPrevalence(
  probabilities: Float32Array,
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
  const told = labels.map((label, i) => {
    const { prior } = calibrations[i];
    if (prior === null)
      throw new InputError(
        `expected a run that knows the prevalence it was calibrated for, got one of before that was kept (${label}); train again`,
      );
    if (!(prior > 0 && prior < 1)) return { prior, estimated: null, threshold: thresholds[i] };
    const shifted = correctLabelShift(columnOf(probabilities, labels.length, i), prior);
    shifted.probabilities.forEach((p, row) => (corrected[row * labels.length + i] = p));
    return { prior, estimated: shifted.prior, threshold: atPrior(thresholds[i], prior, shifted.prior) };
  });
  return {
    probabilities: corrected,
    thresholds: told.map(({ threshold }) => threshold),
    labels: Object.fromEntries(
      labels.map((label, i) => [label, { prior: told[i].prior, estimated: told[i].estimated }]),
    ),
  };
}
