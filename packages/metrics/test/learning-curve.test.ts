import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { fitLearningCurve, labelsNeeded, learningCurveAt, type LearningCurve } from '../src/index.js';

interface Case extends LearningCurve {
  counts: number[];
  scores: number[];
  weights: number[];
}

const { cases } = JSON.parse(
  readFileSync(new URL('../../../tools/golden/learning_curve.json', import.meta.url), 'utf8'),
) as { cases: Case[] };
const sizes = [16, 32, 64, 128, 256];

describe('fitLearningCurve(counts, scores, options)', () => {
  it.each(cases.map((one, i) => [i, one] as const))("is scipy's weighted least squares in case %i", (_, one) => {
    const { counts, scores, weights } = one;
    const found = fitLearningCurve(counts, scores, { weights });
    expect(found.loss).toBeLessThanOrEqual(one.loss * (1 + 1e-6) + 1e-9);
    expect(found.plateau).toBeCloseTo(one.plateau, 4);
    expect(found.exponent).toBeCloseTo(one.exponent, 3);
    expect(found.amplitude).toBeCloseTo(one.amplitude, 3);
  });

  it('finds the law that points without noise lie on', () => {
    const laws = fc.record({
      plateau: fc.double({ min: 0.6, max: 0.99, noNaN: true }),
      amplitude: fc.double({ min: 0.2, max: 1.5, noNaN: true }),
      exponent: fc.double({ min: 0.2, max: 1.5, noNaN: true }),
    });
    fc.assert(
      fc.property(laws, (law) => {
        const truth = { ...law, loss: 0 };
        const found = fitLearningCurve(
          sizes,
          sizes.map((count) => learningCurveAt(truth, count)),
        );
        expect(learningCurveAt(found, 1000)).toBeCloseTo(learningCurveAt(truth, 1000), 4);
        expect(found.loss).toBeLessThan(1e-9);
      }),
      { numRuns: 30 },
    );
  });

  it('keeps the plateau at 1 or below, and the amplitude at 0 or above', () => {
    const rising = fitLearningCurve(sizes, [0.5, 0.65, 0.78, 0.9, 0.999]);
    expect(rising.plateau).toBeLessThanOrEqual(1);
    const falling = fitLearningCurve(sizes, [0.8, 0.79, 0.78, 0.77, 0.76]);
    expect(falling.amplitude).toBe(0);
    expect(falling.plateau).toBeCloseTo(0.78, 12);
  });

  it('leaves points without a score out, and is NaN with fewer than 3 sizes', () => {
    const all = fitLearningCurve(sizes, [0.6, 0.7, 0.75, 0.78, 0.8]);
    expect(fitLearningCurve([8, ...sizes], [NaN, 0.6, 0.7, 0.75, 0.78, 0.8])).toEqual(all);
    expect(fitLearningCurve([16, 16, 32, 32], [0.6, 0.61, 0.7, 0.71]).plateau).toBeNaN();
  });

  it('refuses counts of 0 and negative weights', () => {
    expect(() => fitLearningCurve([0, 1, 2], [1, 1, 1])).toThrow('expected counts above 0, got 0 at index 0');
    expect(() => fitLearningCurve([1, 2, 3], [1, 1, 1], { weights: [1, -1, 1] })).toThrow(
      'expected weights of 0 or more, got -1 at index 1',
    );
  });
});

describe('labelsNeeded(curve, target)', () => {
  const curve = { plateau: 0.9, amplitude: 0.8, exponent: 0.5, loss: 0 };
  it('inverts the curve', () => {
    expect(labelsNeeded(curve, 0.8)).toBeCloseTo(64, 9);
    expect(learningCurveAt(curve, 64)).toBeCloseTo(0.8, 12);
  });
  it('is infinite at the plateau, 1 for a flat curve above the target, and NaN without a curve', () => {
    expect(labelsNeeded(curve, 0.9)).toBe(Infinity);
    expect(labelsNeeded({ ...curve, amplitude: 0 }, 0.8)).toBe(1);
    expect(labelsNeeded({ ...curve, amplitude: 0 }, 0.95)).toBe(Infinity);
    expect(labelsNeeded({ plateau: NaN, amplitude: NaN, exponent: NaN, loss: NaN }, 0.8)).toBeNaN();
  });
});
