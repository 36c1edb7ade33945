import { LabelGraph } from '@cxr-align/label-graph';
import { RandomStream } from '@cxr-align/random';
import { calibratedProbabilities, fitOnValidation } from '../src/evaluation/calibrated.js';
import { checkConfig } from '../src/config/config.js';

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
  const config = (changes: object) => checkConfig(changes, 'test');
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
    const fit = (changes: object) => fitOnValidation(config({ conformalAlpha: 0.1, ...changes }), tree, truth, logits);
    const [own, along] = [fit({}), fit({ coherentPredictions: true })];
    // The parent is told to be as probable as its child, so more is taken for present, and absence is believed for more.
    expect(along.calibrations[0].conformal!.absent).toBeGreaterThan(own.calibrations[0].conformal!.absent);
    expect(along.thresholds[0]).not.toBe(own.thresholds[0]);
    expect(along.calibrations[1]).toEqual(own.calibrations[1]);
  });
});
