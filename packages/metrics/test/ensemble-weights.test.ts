import { RandomStream } from '@cxr-align/random';
import { fitEnsembleWeights } from '../src/index.js';

/** Targets, and the logits of models that see the truth through noise of some strength each. */
function observed(count: number, noises: readonly number[]): { targets: Float64Array; logits: Float64Array[] } {
  const random = new RandomStream({ seed: 5, purpose: 'stacking' });
  const truth = random.normals(count);
  const targets = Float64Array.from(truth, (value) => Number(value > 0));
  const logits = noises.map((noise) => {
    const seen = random.normals(count);
    return Float64Array.from(truth, (value, i) => (2 * value + noise * seen[i]) / (1 + noise));
  });
  return { targets, logits };
}

/** What is to be as small as it can be. */
function cost(
  weights: readonly number[],
  logits: readonly Float64Array[],
  targets: Float64Array,
  prior: number,
): number {
  const likelihood = Array.from(targets, (target, i) => {
    const z = weights.reduce((sum, weight, model) => sum + weight * logits[model][i], 0);
    return Number.isNaN(target) ? 0 : Math.log(1 + Math.exp(z)) - z * target;
  }).reduce((sum, value) => sum + value, 0);
  const total = Math.log(weights.reduce((sum, weight) => sum + weight, 0));
  const alike = weights.reduce((sum, weight) => sum + Math.log(weight) - total, 0);
  return likelihood - prior * alike + total ** 2 / 2;
}

describe('fitEnsembleWeights', () => {
  it.each([
    [30, 1],
    [200, 10],
    [2000, 3],
  ])('finds what a grid over all weights finds: %i observations, prior %i', (count, prior) => {
    const { logits, targets } = observed(count, [0.5, 4, 1]);
    for (let i = 0; i < count; i += 7) targets[i] = NaN;
    const weights = fitEnsembleWeights(targets, logits, { prior });
    const least = cost(weights, logits, targets, prior);
    for (let a = 1; a < 20; a++)
      for (let b = 1; a + b < 20; b++)
        for (let scale = 0.25; scale < 8; scale *= 1.4) {
          const grid = [a, b, 20 - a - b].map((part) => (part / 20) * scale);
          expect(cost(grid, logits, targets, prior)).toBeGreaterThanOrEqual(least - 1e-6);
        }
    // No step from there to a neighbour leads down.
    for (let model = 0; model < 3; model++)
      for (const factor of [0.999, 1.001]) {
        const near = weights.map((weight, i) => (i === model ? weight * factor : weight));
        expect(cost(near, logits, targets, prior)).toBeGreaterThan(least);
      }
  });
  it('stays near equal shares with few observations, and leaves a model without information out with many', () => {
    const shareOf = (weights: readonly number[], model: number): number =>
      weights[model] / weights.reduce((sum, weight) => sum + weight, 0);
    const few = observed(6, [0.2, 50]);
    const many = observed(5000, [0.2, 50]);
    expect(Math.abs(shareOf(fitEnsembleWeights(few.targets, few.logits), 0) - 0.5)).toBeLessThan(0.1);
    expect(shareOf(fitEnsembleWeights(many.targets, many.logits), 1)).toBeLessThan(0.05);
  });
  it('gives models of equal logits equal weights', () => {
    const { logits, targets } = observed(50, [1]);
    const [one, other] = fitEnsembleWeights(targets, [logits[0], logits[0]]);
    expect(one).toBeCloseTo(other, 12);
    expect(fitEnsembleWeights(new Float64Array(50).fill(NaN), [logits[0], logits[0], logits[0]])[0]).toBeCloseTo(
      1 / 3,
      12,
    );
  });
  it('makes overconfident models less confident, and the other way round', () => {
    const { logits, targets } = observed(2000, [0.5, 1]);
    const sum = (strength: number): number =>
      fitEnsembleWeights(
        targets,
        logits.map((one) => one.map((z) => strength * z)),
      ).reduce((total, weight) => total + weight, 0);
    expect(sum(8) / sum(2)).toBeCloseTo(1 / 4, 1);
    expect(sum(8)).toBeLessThan(1);
    expect(sum(0.1)).toBeGreaterThan(2);
  });
  it('keeps to logits that are far apart', () => {
    const weights = fitEnsembleWeights(
      [1, 0, 1],
      [
        [500, -500, -300],
        [1, -1, 1],
      ],
    );
    expect(weights[0]).toBeLessThan(0.1);
    expect(weights.every((weight) => weight > 0)).toBe(true);
  });
  it('refuses what is wrong, by name', () => {
    expect(() => fitEnsembleWeights([1], [[1], [1, 2]])).toThrow(
      'metrics/fitEnsembleWeights: expected as many logits of member 1 as targets, got 2 and 1',
    );
    expect(() => fitEnsembleWeights([1], [[1]], { prior: 0 })).toThrow('expected prior in (0, ∞), got 0');
  });
});
