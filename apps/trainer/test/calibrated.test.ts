import { RandomStream } from '@cxr-align/random';
import { calibratedProbabilities, fitCalibrations } from '../src/calibrated.js';
import { checkConfig } from '../src/config.js';

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

describe('fitCalibrations, then calibratedProbabilities', () => {
  const { truth, logits } = overconfident(1);
  const config = (changes: object) => checkConfig(changes, 'test');
  it('finds the temperature, label by label, and leaves a label with one class alone', () => {
    const fitted = fitCalibrations(config({ calibration: 'temperature' }), truth, logits, 2);
    expect((fitted[0].calibration as { temperature: number }).temperature).toBeGreaterThan(1.7);
    expect((fitted[0].calibration as { temperature: number }).temperature).toBeLessThan(2.3);
    expect(fitted[1].calibration).toEqual({ kind: 'none' });
    const [first, second] = calibratedProbabilities([2, 2], fitted);
    expect(first).toBeLessThan(second);
    expect(second).toBeCloseTo(1 / (1 + Math.exp(-2)), 6);
  });
  it('fits conformal thresholds where asked', () => {
    expect(fitCalibrations(config({}), truth, logits, 2)[0].conformal).toBeNull();
    const [{ conformal }] = fitCalibrations(config({ conformalAlpha: 0.1 }), truth, logits, 2);
    expect(conformal!.alpha).toBe(0.1);
    expect(conformal!.present).toBeLessThan(1);
  });
});
