import fc from 'fast-check';
import {
  adaptiveCalibrationError,
  calibrate,
  calibrationKinds,
  fitCalibration,
  logLoss,
  reliabilityCurve,
} from '../src/index.js';

// Made up with a seed; the references beside them are scikit-learn's (1.2.1): IsotonicRegression, _sigmoid_calibration.
const y = [
  0, 0, 1, 0, 0, 0, 1, 1, 1, 0, 1, 0, 0, 1, 0, 0, 1, 0, 1, 0, 1, 0, 0, 1, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0,
  1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 1, 1, 0, 1, 0, 0, 0, 0, 0, 0,
];
const z = [
  2.2, -1.7, 2.5, -2.8, -0.9, -2.9, 2.8, 3.2, 0.9, 2.7, 0.2, 0.2, 0.2, -0.4, 0.7, 2.9, -0.3, 1.3, 1.0, 2.7, 1.9, 1.0,
  1.0, 1.6, -2.1, 2.1, -0.9, 1.6, 0.9, -1.3, 0.2, 1.8, -0.0, -1.3, -4.4, -0.3, -0.9, -0.8, -1.4, 1.8, -0.9, -0.2, 2.2,
  -0.1, -0.5, 3.2, 1.3, -0.7, 1.1, 0.8, 3.1, 1.4, -0.8, 0.1, 1.0, 0.5, -0.8, -0.3, -0.6, 1.1,
];
const grid = [-5, -2.05, -1.0, -0.33, 0, 0.4, 0.95, 1.5, 2.2, 9];
const samples = fc.array(fc.tuple(fc.constantFrom(0, 1, NaN), fc.double({ min: -8, max: 8, noNaN: true })), {
  minLength: 2,
  maxLength: 40,
});

describe('fitCalibration(targets, logits, kind), then calibrate', () => {
  it('isotonic equals the reference, flat beyond the ends', () => {
    const expected = [0, 0, 0.10714285714285715, 0.36, 0.36, 0.36, 0.36, 4 / 7, 4 / 7, 2 / 3];
    [...calibrate(fitCalibration(y, z, 'isotonic'), grid)].forEach((p, i) => expect(p).toBeCloseTo(expected[i], 12));
  });
  it('Platt equals the reference', () => {
    const fitted = fitCalibration(y, z, 'platt') as { slope: number; intercept: number };
    expect(fitted.slope).toBeCloseTo(0.40192409953944097, 4);
    expect(fitted.intercept).toBeCloseTo(-0.8520422891566151, 4);
  });
  it('the temperature is the one with the smallest log loss', () => {
    const { temperature } = fitCalibration(y, z, 'temperature') as { temperature: number };
    const loss = (t: number): number => logLoss(y, calibrate({ kind: 'temperature', temperature: t }, z));
    expect(loss(temperature)).toBeLessThan(Math.min(loss(temperature * 1.01), loss(temperature / 1.01), loss(1)));
  });
  it.each(calibrationKinds)('%s rises with the logit, stays in [0, 1], and leaves out unknown targets', (kind) => {
    fc.assert(
      fc.property(samples, (rows) => {
        const [targets, logits] = [rows.map(([target]) => target), rows.map(([, logit]) => logit)];
        const fitted = fitCalibration(targets, logits, kind);
        const curve = calibrate(fitted, [-100, -3, -1, 0, 1, 3, 100]);
        const known = rows.filter(([target]) => !Number.isNaN(target));
        expect(
          fitCalibration(
            known.map(([target]) => target),
            known.map(([, logit]) => logit),
            kind,
          ),
        ).toEqual(fitted);
        for (const [i, p] of curve.entries()) {
          expect(p).toBeGreaterThanOrEqual(0);
          expect(p).toBeLessThanOrEqual(1);
          // Platt's slope may be below 0 where a model ranks the wrong way round.
          if (i > 0 && kind !== 'platt') expect(p).toBeGreaterThanOrEqual(curve[i - 1]);
        }
      }),
    );
  });
  it('fits nothing where a class is missing, and ends where no slope is best', () => {
    expect(fitCalibration([1, 1, NaN], [0, 1, 2], 'platt')).toEqual({ kind: 'none' });
    expect([...calibrate({ kind: 'none' }, [0, -Infinity])]).toEqual([0.5, 0]);
    const separable = fitCalibration([0, 0, 1, 1], [-2, -1, 1, 2], 'temperature') as { temperature: number };
    expect(separable.temperature).toBeGreaterThan(0);
    expect(separable.temperature).toBeLessThan(0.2);
  });
});

describe('reliabilityCurve and adaptiveCalibrationError', () => {
  it('bins by width, the bin of a border being the one below it', () => {
    expect(reliabilityCurve([0, 1, 1, NaN], [0.2, 0.5, 0.9, 0.9], { bins: 2 })).toEqual({
      predicted: [0.35, 0.9],
      observed: [0.5, 1],
      counts: [2, 1],
    });
  });
  it('bins by mass: as many rows in each', () => {
    const { counts, predicted } = reliabilityCurve(
      y,
      z.map((one) => 1 / (1 + Math.exp(-one))),
      { bins: 5, by: 'mass' },
    );
    expect(counts).toEqual([12, 12, 12, 12, 12]);
    expect([...predicted].sort((a, b) => a - b)).toEqual(predicted);
  });
  it('is 0 for what is calibrated, and worked by hand', () => {
    expect(adaptiveCalibrationError([0, 1, 0, 1], [0.5, 0.5, 0.5, 0.5], 2)).toBe(0);
    // Halves {0.1, 0.2} with one positive and {0.6, 0.9} with two: |0.3 − 1| / 4 + |1.5 − 2| / 4
    expect(adaptiveCalibrationError([0, 1, 1, 1], [0.1, 0.2, 0.6, 0.9], 2)).toBeCloseTo(0.3, 12);
    expect(adaptiveCalibrationError([NaN], [0.5])).toBeNaN();
  });
});
