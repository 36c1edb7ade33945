import { correctForPrevalence } from '../src/label-shift.js';

describe('correctForPrevalence(probabilities, run)', () => {
  const labels = ['Edema', 'Hernia'];
  // Half of the images are likely to have Edema, of a model that was calibrated where one in five has it.
  const probabilities = Float64Array.from({ length: 400 }, (_, at) => (at % 2 === 1 ? 0 : at % 4 === 0 ? 0.7 : 0.01));
  const thresholds = [0.3, 0.5];
  const run = { labels, thresholds, calibrations: [{ prior: 0.2 }, { prior: 0 }] };

  it('finds the prevalence, and moves thresholds along: the same images are called', () => {
    const shifted = correctForPrevalence(probabilities, run);
    expect(shifted.labels.Edema.prior).toBe(0.2);
    expect(shifted.labels.Edema.estimated!).toBeGreaterThan(0.4);
    expect(shifted.labels.Edema.estimated!).toBeLessThan(0.6);
    const [before, after] = [probabilities, shifted.probabilities].map((values) =>
      values.filter((_, at) => at % 2 === 0),
    );
    const mean = after.reduce((sum, p) => sum + p, 0) / after.length;
    expect(mean).toBeCloseTo(shifted.labels.Edema.estimated!, 6);
    expect([...after].map((p) => p >= shifted.thresholds[0])).toEqual([...before].map((p) => p >= thresholds[0]));
  });
  it('leaves a label alone that was never or always likely', () => {
    const shifted = correctForPrevalence(probabilities, run);
    expect(shifted.labels.Hernia).toEqual({ prior: 0, estimated: null });
    expect(shifted.thresholds[1]).toBe(0.5);
  });
  it('refuses a label without a prior', () => {
    expect(() =>
      correctForPrevalence(probabilities, { ...run, calibrations: [{ prior: 0.2 }, { prior: null }] }),
    ).toThrow('expected a model with the prevalence that it was calibrated for, got none for Hernia');
  });
});
