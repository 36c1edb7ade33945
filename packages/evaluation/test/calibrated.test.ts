import { LabelGraph } from '@cxr-align/label-graph';
import { RandomStream } from '@cxr-align/random';
import type { Calibration } from '@cxr-align/metrics';
import { type FitOptions, calibratedLogits, calibratedProbabilities, fitOnValidation } from '../src/calibrated.js';
import { evaluate } from '../src/evaluation.js';

/** Logits that are twice as sure as they should be, of two labels; the second one has one class only. */
function overconfident(seed: number): { truth: Float32Array; logits: Float32Array } {
  const random = new RandomStream({ seed, purpose: 'overconfident' });
  const truth = new Float32Array(4000);
  const logits = truth.map((_, at) => {
    const z = random.normal();
    truth[at] = at % 2 === 0 && random.chance(1 / (1 + Math.exp(-z))) ? 1 : 0;
    return 2 * z;
  });
  return { truth, logits };
}

describe('fitOnValidation, then calibratedProbabilities', () => {
  const { truth, logits } = overconfident(1);
  const flat = new LabelGraph({ name: 'flat', labels: [{ name: 'a' }, { name: 'b' }] });
  const config = (changes: Partial<FitOptions>): FitOptions => ({
    calibration: 'none',
    conformalAlpha: 0,
    enforceHierarchy: false,
    threshold: 'youden',
    ...changes,
  });
  it('finds the temperature, label by label, and leaves a label with one class alone', () => {
    const fitted = fitOnValidation(config({ calibration: 'temperature' }), flat, truth, logits).calibrations;
    expect((fitted[0].calibration as { temperature: number }).temperature).toBeGreaterThan(1.7);
    expect((fitted[0].calibration as { temperature: number }).temperature).toBeLessThan(2.3);
    expect(fitted[1].calibration).toEqual({ kind: 'none' });
    const [first, second] = calibratedProbabilities([2, 2], fitted);
    expect(first).toBeLessThan(second);
    expect(second).toBeCloseTo(1 / (1 + Math.exp(-2)), 6);
  });
  it('fits conformal thresholds where asked', () => {
    expect(fitOnValidation(config({}), flat, truth, logits).calibrations[0].conformal).toBeNull();
    const { calibrations } = fitOnValidation(config({ conformalAlpha: 0.1 }), flat, truth, logits);
    const [{ conformal }] = calibrations;
    expect(conformal!.alpha).toBe(0.1);
    expect(conformal!.present).toBeLessThan(1);
  });
  it('fits thresholds and conformal sets on what is told: along the graph where predictions are', () => {
    const tree = new LabelGraph({ name: 'tree', labels: [{ name: 'a' }, { name: 'b', parents: ['a'] }] });
    const fit = (changes: Partial<FitOptions>) =>
      fitOnValidation(config({ conformalAlpha: 0.1, ...changes }), tree, truth, logits);
    const [own, along] = [fit({}), fit({ enforceHierarchy: true })];
    // The parent is told to be as probable as its child, so more is taken for present, and absence is believed for more.
    expect(along.calibrations[0].conformal!.absent).toBeGreaterThan(own.calibrations[0].conformal!.absent);
    expect(along.thresholds[0]).not.toBe(own.thresholds[0]);
    expect(along.calibrations[1]).toEqual(own.calibrations[1]);
  });
});

describe('calibratedLogits(logits, calibrations)', () => {
  const logits = Float64Array.of(-2, 98, 0.5, 99, 3, 100);
  const two = (calibration: Calibration) => [{ calibration }, { calibration }];
  it('are the log-odds of the calibrated probabilities', () => {
    const isotonic = { kind: 'isotonic', logits: [-3, 0, 3], probabilities: [0, 0.4, 1] } as const;
    for (const calibration of [
      { kind: 'none' },
      { kind: 'temperature', temperature: 2 },
      { kind: 'platt', slope: 0.5, intercept: -1 },
      { ...isotonic, logits: [...isotonic.logits], probabilities: [...isotonic.probabilities] },
    ] satisfies Calibration[]) {
      const probabilities = calibratedProbabilities(logits, two(calibration));
      calibratedLogits(logits, two(calibration)).forEach((z, at) =>
        expect(1 / (1 + Math.exp(-z))).toBeCloseTo(probabilities[at], 12),
      );
    }
  });
  it('keep the order of logits whose probabilities are 1', () => {
    const platt = two({ kind: 'platt', slope: 0.8, intercept: 1 });
    const high = [logits[1], logits[3], logits[5]];
    expect(new Set(calibratedProbabilities(high, [platt[0]])).size).toBe(1);
    const kept = [...calibratedLogits(high, [platt[0]])];
    expect(kept).toEqual([...kept].sort((a, b) => a - b));
    expect(new Set(kept).size).toBe(3);
  });
  it('are infinite at the ends of an isotonic calibration, and can be ranked', () => {
    const calibration: Calibration = { kind: 'isotonic', logits: [-1, 1], probabilities: [0, 1] };
    const scores = calibratedLogits([-2, 0, 0.5, 2], [{ calibration }]);
    expect([scores[0], scores[3]]).toEqual([-Infinity, Infinity]);
    const samples = [0, 1, 2, 3].map((i) => ({ id: `${i}`, patient: `${i}`, split: 'test' as const }));
    const targets = Float32Array.of(0, 1, 0, 1);
    const probabilities = calibratedProbabilities([-2, 0, 0.5, 2], [{ calibration }]);
    const options = { data: 'x', split: 'test', thresholds: [0.5], resamples: 20 };
    const [ranked, plain] = [{ scores }, {}].map((more) =>
      evaluate({ labels: ['a'], samples, targets, probabilities, ...more }, options),
    );
    expect(ranked).toEqual(plain);
    expect(ranked.labels.a.auroc).toBe(0.75);
  });
});
