import { RandomStream } from '@cxr-align/random';
import { decisionCurve, likelihoodRatios, netBenefit, predictiveValues } from '../src/index.js';

const accuracy = (se: number, n1: number, sp: number, n0: number) => ({
  sensitivity: { proportion: se, effectiveSize: n1 },
  specificity: { proportion: sp, effectiveSize: n0 },
});

describe('predictiveValues(accuracy, prevalence)', () => {
  it("is Bayes' theorem", () => {
    const values = predictiveValues(accuracy(0.9, 100, 0.8, 400), 0.02);
    expect(values.positivePredictiveValue).toBeCloseTo((0.9 * 0.02) / (0.9 * 0.02 + 0.2 * 0.98), 14);
    expect(values.negativePredictiveValue).toBeCloseTo((0.8 * 0.98) / (0.8 * 0.98 + 0.1 * 0.02), 14);
    expect(values.alarmsPer100).toBeCloseTo(21.4, 12);
    expect(values.numberNeededToRead).toBeCloseTo(214 / 18, 12);
  });
  it('has intervals that cover the values of a simulation 95 times of 100', () => {
    const random = new RandomStream({ seed: 3, purpose: 'predictive values' });
    const binomial = (n: number, p: number): number =>
      Array.from({ length: n }, () => random.uniform()).filter((u) => u < p).length;
    const [se, sp, pi] = [0.85, 0.9, 0.1];
    const ppv = (se * pi) / (se * pi + (1 - sp) * (1 - pi));
    const npv = (sp * (1 - pi)) / (sp * (1 - pi) + (1 - se) * pi);
    let [coversPpv, coversNpv] = [0, 0];
    for (let round = 0; round < 400; round++) {
      const {
        positivePredictiveValueCi: [a, b],
        negativePredictiveValueCi: [c, d],
      } = predictiveValues(accuracy(binomial(60, se) / 60, 60, binomial(200, sp) / 200, 200), pi);
      if (a <= ppv && ppv <= b) coversPpv++;
      if (c <= npv && npv <= d) coversNpv++;
    }
    for (const covered of [coversPpv, coversNpv]) {
      expect(covered).toBeGreaterThan(368);
      expect(covered).toBeLessThan(393);
    }
  });
  it('says how little is known where nothing was missed and nothing false was called', () => {
    const { positivePredictiveValue, positivePredictiveValueCi, negativePredictiveValueCi } = predictiveValues(
      accuracy(1, 5, 1, 5),
      0.5,
    );
    expect(positivePredictiveValue).toBe(1);
    expect(positivePredictiveValueCi[0]).toBeLessThan(0.8);
    expect(positivePredictiveValueCi[1]).toBe(1);
    expect(negativePredictiveValueCi[0]).toBeLessThan(0.8);
    expect(predictiveValues(accuracy(0, 5, 0.9, 50), 0.1).positivePredictiveValueCi[0]).toBe(0);
  });
  it('refuses a prevalence in percent', () => {
    expect(() => predictiveValues(accuracy(0.9, 10, 0.9, 10), 3)).toThrow('expected prevalence in (0, 1), got 3');
  });
});

describe('likelihoodRatios(accuracy)', () => {
  it('agrees with the example of Simel et al.', () => {
    // 80 of 100 found, 90 of 100 rightly not called: LR+ 8, 95 % 4.4 to 14.5; LR− 0.22, 95 % 0.15 to 0.33.
    const { positive, positiveCi, negative, negativeCi } = likelihoodRatios(accuracy(0.8, 100, 0.9, 100));
    expect(positive).toBeCloseTo(8, 12);
    expect(negative).toBeCloseTo(0.2 / 0.9, 12);
    const half = 1.959963984540054 * Math.sqrt(0.2 / 80 + 0.9 / 10);
    expect(positiveCi[0]).toBeCloseTo(8 * Math.exp(-half), 10);
    expect(positiveCi[1]).toBeCloseTo(8 * Math.exp(half), 10);
    expect(negativeCi[0]).toBeLessThan(negative);
    expect(negativeCi[1]).toBeGreaterThan(negative);
  });
  it('has finite intervals where a count is 0', () => {
    const { positive, positiveCi } = likelihoodRatios(accuracy(0.8, 10, 1, 10));
    expect(positive).toBe(Infinity);
    expect(positiveCi.every(Number.isFinite)).toBe(true);
  });
});

describe('decisionCurve(targets, probabilities, options)', () => {
  const targets = [1, 1, 0, 0, 0, NaN];
  const probabilities = [0.9, 0.4, 0.6, 0.2, 0.1, 0.5];
  it('is the net benefit by its definition', () => {
    const { threshold, model, all } = decisionCurve(targets, probabilities);
    const at = 49;
    expect(threshold[at]).toBeCloseTo(0.5, 14);
    expect(model[at]).toBeCloseTo(1 / 5 - 1 / 5, 14);
    expect(all[at]).toBeCloseTo(2 / 5 - 3 / 5, 14);
    expect(model[0]).toBeCloseTo(2 / 5 - (3 / 5) * (0.01 / 0.99), 14);
  });
  it('is that of another prevalence where one is given', () => {
    const { model } = decisionCurve(targets, probabilities, { prevalence: 0.02, steps: 1 });
    expect(model[0]).toBeCloseTo(0.5 * 0.02 - (1 / 3) * 0.98, 14);
  });
  it('is undefined without both classes', () => {
    expect(decisionCurve([1, 1], [0.5, 0.6]).model.every(Number.isNaN)).toBe(true);
  });
});

describe('netBenefit(accuracy, options)', () => {
  const accuracy = { sensitivity: { proportion: 0.8 }, specificity: { proportion: 0.9 } };
  it('weighs false calls by the odds of the threshold, worked by hand', () => {
    const { model, all } = netBenefit(accuracy, { prevalence: 0.2, threshold: 0.25 });
    expect(model).toBeCloseTo(0.8 * 0.2 - 0.1 * 0.8 * (1 / 3), 14);
    expect(all).toBeCloseTo(0.2 - 0.8 / 3, 14);
  });
  it('is the share of true calls at the threshold 0, and undefined at 1', () => {
    expect(netBenefit(accuracy, { prevalence: 0.2, threshold: 0 })).toEqual({ model: 0.8 * 0.2, all: 0.2 });
    expect(netBenefit(accuracy, { prevalence: 0.2, threshold: 1 })).toEqual({ model: NaN, all: NaN });
  });
});
