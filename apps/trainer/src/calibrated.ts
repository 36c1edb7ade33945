import {
  calibrate,
  fitCalibration,
  fitConformal,
  type Calibration,
  type ConformalThresholds,
} from '@cxr-align/metrics';
import type { Config } from './config.js';
import { columnOf } from './evaluation.js';

/** What is fitted on validation for one label, beside its threshold. */
export interface LabelCalibration {
  calibration: Calibration;
  conformal: ConformalThresholds | null;
}

/**
 * Fits the calibration of each label on validation data, and conformal thresholds on the calibrated probabilities.
 *
 * @param truth [samples, labels] row by row: 1, 0, NaN.
 * @param logits of the same size.
 */
export function fitCalibrations(
  { calibration: kind, conformalAlpha }: Pick<Config, 'calibration' | 'conformalAlpha'>,
  truth: ArrayLike<number>,
  logits: ArrayLike<number>,
  labels: number,
): LabelCalibration[] {
  return Array.from({ length: labels }, (_, label) => {
    const [y, z] = [columnOf(truth, labels, label), columnOf(logits, labels, label)];
    const calibration: Calibration = kind === 'none' ? { kind: 'none' } : fitCalibration(kind, y, z);
    const conformal = conformalAlpha === 0 ? null : fitConformal(y, calibrate(calibration, z), conformalAlpha);
    return { calibration, conformal };
  });
}

/** Calibrated probabilities of logits, [samples, labels] row by row. */
export function calibratedProbabilities(
  logits: ArrayLike<number>,
  calibrations: readonly LabelCalibration[],
): Float32Array {
  const n = calibrations.length;
  const out = new Float32Array(logits.length);
  calibrations.forEach(({ calibration }, label) =>
    calibrate(calibration, columnOf(logits, n, label)).forEach((p, row) => (out[row * n + label] = p)),
  );
  return out;
}
