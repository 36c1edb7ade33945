import { evaluate, labelsByVerdict, verdictOf, verdictSentence } from '../src/index.js';
import type { Predictions } from '../src/predictions.js';
import { madeUpPredictions as made } from '@cxr-align/testkit';

const options = { data: 'made', split: 'test', thresholds: [0.5, 0.5, 0.5], resamples: 200 };
const nothing: [null, null] = [null, null];

describe('verdictOf(scores, baseline)', () => {
  const of = (low: number | null, reliability: 'enough' | 'few' | 'too few' = 'enough', high?: number) =>
    verdictOf(
      { reliability, aurocCi: [low, 1], aurocDelong: nothing },
      high === undefined ? undefined : { auroc: 0.8, difference: -0.1, differenceCi: [-0.2, high] },
    );
  it('follows its rules', () => {
    expect([of(0.71), of(0.7), of(0.69), of(0.5), of(0.3)]).toEqual([
      'works',
      'works',
      'weak',
      'at chance',
      'at chance',
    ]);
    expect([of(0.8, 'few'), of(0.8, 'too few'), of(null)]).toEqual(['works', 'too few', 'too few']);
    expect([of(0.8, 'enough', -0.01), of(0.8, 'enough', 0.01)]).toEqual([
      'worse than age, sex and view alone',
      'works',
    ]);
  });
  it("takes DeLong's interval where there are no resamples", () => {
    expect(verdictOf({ reliability: 'enough', aurocCi: nothing, aurocDelong: [0.75, 0.9] })).toBe('works');
  });
});

describe('verdicts of an evaluation', () => {
  const evaluation = evaluate(made(2), options);
  it('come best first, with a sentence', () => {
    const [[best, scores], , [last]] = labelsByVerdict(evaluation);
    expect(scores.verdict).toBe('works');
    expect(last).toBe('<script>');
    expect(verdictSentence(best, scores)).toMatch(
      new RegExp(`^${best} is recognised\\. Of 100 images with it \\d+ are called, of 100 without it \\d+\\.$`),
    );
    expect(verdictSentence(last, evaluation.labels[last])).toBe(
      '<script>: too few images to tell (0 with it, 120 without).',
    );
  });
  it('of scores without skill are at chance', () => {
    expect(Object.values(evaluate(made(0), options).labels).map(({ verdict }) => verdict)).toEqual([
      'at chance',
      'at chance',
      'too few',
    ]);
  });
});

describe('a label with few cases', () => {
  /** One positive, ranked above all but one of 99 negatives: resamples with it have nearly one AUROC. */
  const predictions: Predictions = {
    labels: ['a'],
    targets: Float32Array.from({ length: 100 }, (_, i) => Number(i === 98)),
    probabilities: Float64Array.from({ length: 100 }, (_, i) => i / 100),
    samples: Array.from({ length: 100 }, (_, i) => ({ id: `${i}`, patient: `${i}`, split: 'test' })),
  };
  it('has a wide interval, and no verdict but that', () => {
    const { a } = evaluate(predictions, { ...options, thresholds: [0.5] }).labels;
    expect(a.auroc).toBeCloseTo(98 / 99, 12);
    expect(a).toMatchObject({
      reliability: 'too few',
      verdict: 'too few',
      aurocBca: nothing,
      averagePrecisionCi: nothing,
    });
    expect(a.aurocCi[0]).toBeLessThan(0.3);
    expect(a.aurocCi[1]).toBeGreaterThanOrEqual(98 / 99);
  });
});
