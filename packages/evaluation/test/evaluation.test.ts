import { readFileSync } from 'node:fs';
import { evaluate } from '../src/evaluation.js';
import { evaluationJsonSchema, evaluationSchema } from '../src/evaluation-schema.js';
import { columnOf } from '../src/predictions.js';
import { resampleRanking } from '../src/ranking-resamples.js';
import { madeUpPredictions as made } from '@cxr-align/testkit';

const options = { data: 'made up', split: 'test', thresholds: [0.5, NaN, 0.5], resamples: 200 };

describe('evaluate(predictions, options)', () => {
  const evaluation = evaluate(made(1), options);
  it('scores each label with an interval around it, and names what is undefined', () => {
    for (const label of ['Edema', 'Fracture']) {
      const { auroc, aurocCi } = evaluation.labels[label];
      expect(auroc).toBeGreaterThan(0.8);
      expect(aurocCi[0]!).toBeLessThan(auroc!);
      expect(aurocCi[1]!).toBeGreaterThan(auroc!);
    }
    expect(evaluation.labels['<script>']).toMatchObject({ positives: 0, auroc: null, aurocCi: [null, null], f1: null });
    expect(evaluation.undefinedLabels).toEqual(['<script>']);
    expect(evaluation.macro.auroc).toBeCloseTo(
      (evaluation.labels.Edema.auroc! + evaluation.labels.Fracture.auroc!) / 2,
      12,
    );
    expect(evaluation).toMatchObject({ samples: 120, patients: 60, hierarchyViolations: null });
  });
  it('has the shape that its schema says', () => {
    expect(evaluationSchema.parse(JSON.parse(JSON.stringify(evaluation)))).toEqual(evaluation);
    const shipped = readFileSync(new URL('../evaluation.schema.json', import.meta.url), 'utf8');
    // Made anew by: cxr-align evaluate --schema > evaluation.schema.json
    expect(JSON.parse(shipped)).toEqual(JSON.parse(JSON.stringify(evaluationJsonSchema())));
  });
  it('audits groups, averages head, medium and tail, and closes decisions under the hierarchy', () => {
    const full = evaluate(made(1), {
      ...options,
      groups: { site: made(1).samples.map((_, i) => (i % 3 === 0 ? 'A' : i % 3 === 1 ? 'B' : null)) },
      ancestors: [[], [0], []],
      prevalence: [0.5, 0.05, 0.001],
    });
    expect(full.fairness[0]).toMatchObject({ attribute: 'site', missing: 40 });
    expect(full.fairness[0].labels.Edema.groups.A.images).toBe(40);
    expect(full.longTail.head).toEqual({
      labels: ['Edema'],
      auroc: full.labels.Edema.auroc,
      averagePrecision: full.labels.Edema.averagePrecision,
    });
    expect(full.longTail.tail).toEqual({ labels: ['<script>'], auroc: null, averagePrecision: null });
    expect(full.hierarchical!.precision).toBeGreaterThan(0.3);
    expect(evaluation.hierarchical).toBeNull();
  });
  it('leaves unknown targets out', () => {
    expect(evaluation.labels.Fracture.positives + evaluation.labels.Fracture.negatives).toBe(119);
  });
  it('gives the same bytes again', () => {
    expect(JSON.stringify(evaluate(made(1), options))).toBe(JSON.stringify(evaluation));
    expect(JSON.stringify(evaluation)).not.toContain('NaN');
  });
  it('gives the same intervals from resamples that were computed elsewhere', () => {
    const columns = [0, 1, 2].map((i) => ({
      targets: columnOf(made(1).targets, 3, i),
      scores: columnOf(made(1).probabilities, 3, i),
    }));
    const patients = made(1).samples.map(({ patient }) => patient);
    const bootstrap = resampleRanking({ columns, patients, from: 0, resamples: 200 });
    expect(evaluate(made(1), { ...options, bootstrap })).toEqual(evaluation);
    const part = resampleRanking({ columns, patients, from: 50, resamples: 30 });
    expect(part.auroc.macro).toEqual(bootstrap.auroc.macro.slice(50, 80));
  });
  it('ranks scores where probabilities round to 1, and takes calibration from probabilities', () => {
    const samples = [0, 1, 2, 3].map((i) => ({ id: `${i}`, patient: `${i}`, split: 'test' as const }));
    const targets = Float32Array.of(0, 0, 1, 1);
    const predictions = { labels: ['a'], samples, targets, probabilities: new Float64Array(4).fill(1) };
    const ofOne = { ...options, thresholds: [0.5], resamples: 0 };
    expect(evaluate(predictions, ofOne).labels.a.auroc).toBe(0.5);
    const ranked = evaluate({ ...predictions, scores: Float64Array.of(98, 99, 100, 101) }, ofOne);
    expect(ranked.labels.a).toMatchObject({
      auroc: 1,
      averagePrecision: 1,
      brier: 0.5,
      sensitivity: 1,
      specificity: 0,
    });
    expect(ranked.micro.auroc).toBe(1);
  });
  it('audits groups by the decisions that it reports', () => {
    const { labels, fairness } = evaluate(made(1), { ...options, groups: { all: made(1).samples.map(() => 'one') } });
    const { truePositiveRate, falsePositiveRate } = fairness[0].labels.Edema.groups.one;
    expect(truePositiveRate).toBe(labels.Edema.sensitivity);
    expect(falsePositiveRate).toBeCloseTo(1 - labels.Edema.specificity!, 12);
  });
  it('refuses arrays of another size', () => {
    const predictions = made(1);
    expect(() => evaluate({ ...predictions, probabilities: new Float64Array(3) }, options)).toThrow(
      'expected probabilities [120 samples, 3 labels] row by row, got 3 values',
    );
    expect(() => evaluate(predictions, { ...options, thresholds: [0.5] })).toThrow(
      'expected a threshold for each of 3 labels, got 1',
    );
  });
});
