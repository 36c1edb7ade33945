import { LabelGraph } from '@cxr-align/label-graph';
import { confusionAtThreshold, decisionCurve } from '@cxr-align/metrics';
import { evaluate, fitOnValidation, operatingRules, ruleName } from '../src/index.js';
import { columnOf } from '../src/predictions.js';
import { madeUpPredictions as made } from '@cxr-align/testkit';

const options = { data: 'made', split: 'test', thresholds: [0.5, 0.4, NaN], resamples: 0 };

describe('operating points', () => {
  const predictions = made(1);
  const first = (i: number, more = {}) =>
    Object.values(evaluate(predictions, { ...options, ...more }).labels)[i].operatingPoints[0];

  it('have the rates of the confusion matrix, and intervals around them', () => {
    const y = columnOf(predictions.targets, 3, 0);
    const p = columnOf(predictions.probabilities, 3, 0);
    const { sensitivity, specificity, precision, negativePredictiveValue } = confusionAtThreshold(y, p, 0.5);
    const point = first(0);
    expect(point.rule).toBe('given');
    expect(point.sensitivity).toBeCloseTo(sensitivity, 14);
    expect(point.specificity).toBeCloseTo(specificity, 14);
    // At the prevalence of the images themselves Bayes' theorem gives what was counted.
    expect(point.precision).toBeCloseTo(precision, 12);
    expect(point.negativePredictiveValue).toBeCloseTo(negativePredictiveValue, 12);
    expect(point.sensitivityCi[0]!).toBeLessThan(sensitivity);
    expect(point.precisionCi[1]!).toBeGreaterThan(precision);
  });
  it('are those of another prevalence where the model will be used', () => {
    const point = first(0, { prevalenceInUse: { Edema: 0.02 } });
    const [se, sp] = [point.sensitivity!, point.specificity!];
    expect(point.prevalence).toBe(0.02);
    expect(point.precision).toBeCloseTo((se * 0.02) / (se * 0.02 + (1 - sp) * 0.98), 14);
    expect(point.alarmsPer100).toBeCloseTo(100 * (se * 0.02 + (1 - sp) * 0.98), 12);
    expect(first(0).sensitivity).toBe(se);
  });
  it('have the net benefit of the decision curve at their threshold, at the prevalence where the model will be used', () => {
    const y = columnOf(predictions.targets, 3, 0);
    const p = columnOf(predictions.probabilities, 3, 0);
    for (const prevalence of [undefined, 0.02]) {
      const curve = decisionCurve(y, p, { prevalence, steps: 1 });
      const point = first(0, prevalence === undefined ? {} : { prevalenceInUse: { Edema: prevalence } });
      expect(point.netBenefit).toBeCloseTo(curve.model[0], 14);
      expect(point.netBenefitOfAll).toBeCloseTo(curve.all[0], 14);
    }
    expect(first(2)).toMatchObject({ netBenefit: null, netBenefitOfAll: null });
  });
  it('refuse a prevalence of another label, and one in percent', () => {
    expect(() => first(0, { prevalenceInUse: { edema: 0.02 } })).toThrow(
      'expected prevalences of Edema, Fracture, <script>, got one of "edema"; write "Edema"',
    );
    expect(() => first(0, { prevalenceInUse: { Edema: 2 } })).toThrow(
      'expected the prevalence of Edema as a share in (0, 1), got 2; divide percentages by 100',
    );
  });
  it('are undefined for one class, and without a threshold', () => {
    expect(first(2)).toMatchObject({ threshold: 0.5, sensitivity: null, precision: null, alarmsPer100: null });
    const operating = [[{ rule: 'precision=0.5', threshold: NaN }], [], []];
    expect(first(0, { operating })).toMatchObject({ rule: 'precision=0.5', threshold: null, sensitivity: null });
  });
  it('are fitted on validation for each rule', () => {
    const graph = new LabelGraph({ name: 'one', labels: [{ name: 'a' }] });
    const truth = Float32Array.from({ length: 200 }, (_, i) => Number(i % 4 === 0));
    const logits = Float32Array.from({ length: 200 }, (_, i) => (truth[i] ? 1 : -1) + 2 * Math.sin(7.3 * i));
    const config = { calibration: 'none', conformalAlpha: 0, enforceHierarchy: true, threshold: 'youden' } as const;
    const { calibrations, thresholds } = fitOnValidation(config, graph, truth, logits);
    const { operating } = calibrations[0];
    expect(Object.keys(operating)).toEqual(operatingRules.map(ruleName));
    expect(operating.youden).toBe(thresholds[0]);
    const at = (rule: string) =>
      confusionAtThreshold(
        truth,
        Float64Array.from(logits, (z) => 1 / (1 + Math.exp(-z))),
        operating[rule]!,
      );
    expect(at('sensitivity=0.9').sensitivity).toBeGreaterThanOrEqual(0.9);
    expect(at('sensitivity=0.95').specificity).toBeLessThanOrEqual(at('sensitivity=0.9').specificity);
    expect(at('specificity=0.95').specificity).toBeGreaterThanOrEqual(0.95);
    expect(at('precision=0.5').precision).toBeGreaterThanOrEqual(0.5);
  });
  it('come with whether there are enough cases', () => {
    const { labels } = evaluate(predictions, options);
    expect(Object.values(labels).map(({ reliability }) => reliability)).toEqual(['enough', 'enough', 'too few']);
  });
});
