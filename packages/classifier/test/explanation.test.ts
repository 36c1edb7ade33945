import { calibratedProbabilities, placeInGraph, probabilitiesOf } from '@cxr-align/evaluation';
import { enforceHierarchy, LabelGraph } from '@cxr-align/label-graph';
import type { Calibration } from '@cxr-align/metrics';
import fc from 'fast-check';
import { excludedExplanation, observationExplanation, type Explanation } from '../src/predict/explanation.js';
import { trainedExplanations } from '../src/predict/trained-explanations.js';
import { zeroShotPredictions } from '../src/predict/zero-shot-predictions.js';
import { explain } from '../src/zero-shot/explanations.js';

const graph = new LabelGraph({
  name: 'test',
  labels: [
    { name: 'No Finding' },
    { name: 'Lung Opacity' },
    { name: 'Edema', parents: ['Lung Opacity'] },
    { name: 'Pneumonia', parents: ['Lung Opacity'] },
  ],
});

function expectSums({ probability, scale, start, value, parts }: Explanation): void {
  const sum = (of: (part: Explanation['parts'][number]) => number): number =>
    parts.reduce((total, part) => total + of(part), 0);
  const begin = scale === 'log-odds' ? 0.5 : 1;
  expect(Math.abs(begin + sum(({ change }) => change) - probability)).toBeLessThan(1e-6);
  if (value === null) return expect(parts.some(({ contribution }) => contribution === null)).toBe(true);
  const told = start + sum(({ contribution }) => contribution!);
  expect(Math.abs(told - value)).toBeLessThan(1e-6);
  const toProbability = {
    'log-odds': (v: number) => probabilitiesOf([v])[0],
    'log-probability': Math.exp,
    probability: Number,
  };
  expect(Math.abs(toProbability[scale](told) - probability)).toBeLessThan(1e-6);
}

const calibrations = fc.oneof(
  fc.constant<Calibration>({ kind: 'none' }),
  fc.record({ kind: fc.constant('temperature' as const), temperature: fc.double({ min: 0.2, max: 5, noNaN: true }) }),
  fc.record({
    kind: fc.constant('platt' as const),
    slope: fc.double({ min: 0.1, max: 3, noNaN: true }),
    intercept: fc.double({ min: -3, max: 3, noNaN: true }),
  }),
);

describe('trainedExplanations(steps)', () => {
  it('sums to the predicted probability and to its log-odds, whatever the scores, calibrations and hierarchy', () => {
    const logit = fc.float({ min: -30, max: 30, noNaN: true });
    const row = fc.array(logit, { minLength: 4, maxLength: 4 });
    fc.assert(
      fc.property(
        fc.array(row, { minLength: 1, maxLength: 4 }),
        fc.array(calibrations, { minLength: 4, maxLength: 4 }),
        fc.integer({ min: 2, max: 4 }),
        (heads, fitted, trained) => {
          const parts = heads.map((values, i) => ({ name: `head ${i}`, contributions: Float64Array.from(values) }));
          // The model sums in float32.
          const logits = Float32Array.from({ length: 4 }, (_, i) =>
            heads.reduce((sum, values) => Math.fround(sum + values[i]), 0),
          );
          const calibrationsOf = fitted.map((calibration, i) => ({
            calibration: i < trained ? calibration : ({ kind: 'none' } as const),
          }));
          const calibrated = calibratedProbabilities(logits, calibrationsOf);
          const placed = placeInGraph(calibrated, graph, trained);
          const displayed = enforceHierarchy(placed, graph);
          const steps = { graph, trained, calibrations: calibrationsOf, logits, parts, calibrated, placed, displayed };
          const explanations = trainedExplanations(steps);
          explanations.forEach((one, i) => {
            expect(one.probability).toBe(displayed[i]);
            expectSums(one);
          });
        },
      ),
      { numRuns: 200 },
    );
  });

  it('names each step: heads, calibration, the label that decided', () => {
    const logits = Float32Array.of(0, -2, 2, 1);
    const fitted = graph.labels.map(() => ({ calibration: { kind: 'temperature', temperature: 2 } as const }));
    const calibrated = calibratedProbabilities(logits, fitted);
    const displayed = enforceHierarchy(calibrated, graph);
    const half = { contributions: Float64Array.from(logits, (z) => z / 2) };
    const parts = [
      { name: 'decoder, classification head', ...half },
      { name: 'linear probe', ...half },
    ];
    const [, opacity] = trainedExplanations({
      graph,
      trained: 4,
      calibrations: fitted,
      logits,
      parts,
      calibrated,
      placed: calibrated,
      displayed,
    });
    expect(opacity.parts.map(({ kind, name, contribution }) => [kind, name, contribution])).toEqual([
      ['score', 'decoder, classification head', -1],
      ['score', 'linear probe', -1],
      ['calibration', 'temperature', 1],
      ['hierarchy', 'Edema', 2],
    ]);
    expect(opacity.value).toBe(1);
  });

  it('has no sum of log-odds where a calibration gives 0 or 1, but one of probabilities', () => {
    const calibration: Calibration = { kind: 'isotonic', logits: [-1, 1], probabilities: [0, 1] };
    const calibrationsOf = graph.labels.map(() => ({ calibration }));
    const logits = Float32Array.of(-3, -3, 3, -3);
    const calibrated = Float64Array.of(0, 0, 1, 0);
    const displayed = enforceHierarchy(calibrated, graph);
    const parts = [{ name: 'model', contributions: Float64Array.from(logits) }];
    const steps = {
      graph,
      trained: 4,
      calibrations: calibrationsOf,
      logits,
      parts,
      calibrated,
      placed: calibrated,
      displayed,
    };
    const [none, opacity] = trainedExplanations(steps);
    expect([none.value, opacity.value, opacity.probability]).toEqual([null, null, 1]);
    [none, opacity].forEach(expectSums);
  });
});

describe('zeroShotPredictions(graph, views, { explain })', () => {
  it('explains labels by their observations, and No Finding by the finding that speaks most against it', () => {
    const words = graph.labels.map((name) => ({ descriptors: [`${name} a`, `${name} b`] }));
    const views = explain([0.9, 0.8, 0.4, 0.5, 0.7, 0.6, 0.2, 0.1], words);
    const predicted = zeroShotPredictions(graph, views, { explain: true });
    for (const { probability, explanation } of Object.values(predicted)) {
      expect(explanation!.probability).toBeCloseTo(probability, 9);
      expectSums(explanation!);
    }
    const { 'No Finding': none, Edema: edema } = predicted;
    expect(none.explanation).toMatchObject({ scale: 'probability', parts: [{ kind: 'finding', name: 'Edema' }] });
    expect(none.explanation!.against!.map(({ label }) => label)).toEqual(['Edema', 'Lung Opacity', 'Pneumonia']);
    expect(none.explanation!.promptsAlone!.observations[0].observation).toBe('No Finding a');
    expect(edema.explanation!.parts.map(({ name }) => name)).toEqual(['Edema a', 'Edema b']);
    expect(edema.explanation!.promptsAlone).toBeUndefined();
    expectSums(observationExplanation(views[1]));
    expectSums(excludedExplanation('Edema', 0.3));
  });
});
