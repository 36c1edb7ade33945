import { LabelGraph } from '@cxr-align/label-graph';
import { RandomStream } from '@cxr-align/random';
import { alignFolds, crossFit, fitOutOfFold, macroAuroc, repeatedDifferences, repeatedScores } from '../src/index.js';
import type { Predictions } from '../src/index.js';

const graph = new LabelGraph({ name: 'test', labels: [{ name: 'A' }] });
const config = { calibration: 'platt', conformalAlpha: 0.1, enforceHierarchy: false, threshold: 'youden' } as const;
const random = new RandomStream({ seed: 2, purpose: 'cross-fit' });
const size = 120;
const foldOf = Array.from({ length: size }, (_, row) => row % 3);
const targets = Float32Array.from({ length: size }, () => Number(random.chance(0.3)));
const good = Float64Array.from(targets, (target) => 2 * target + random.normal());
const noise = Float64Array.from(targets, () => random.normal());

describe('crossFit(outOfFold, options)', () => {
  it('decides the images of a fold by what was fitted on the others alone', () => {
    const { operating, probabilities } = crossFit({ targets, branches: [good, noise], foldOf }, { config, graph });
    const others = foldOf.flatMap((fold, row) => (fold === 1 ? [] : [row]));
    const alone = fitOutOfFold(
      {
        targets: Float32Array.from(others, (row) => targets[row]),
        branches: [good, noise].map((one) => others.map((row) => one[row])),
        foldOf: [],
      },
      { config, graph },
    );
    expect(operating[0][0].byRow![1]).toBe(alone.thresholds[0]);
    // The targets of a fold change nothing of its own predictions, and something of the others.
    const other = targets.map((target, row) => (foldOf[row] === 1 ? 1 - target : target));
    const changed = crossFit({ targets: other, branches: [good, noise], foldOf }, { config, graph });
    expect(changed.probabilities[1]).toBe(probabilities[1]);
    expect(changed.probabilities[0]).not.toBe(probabilities[0]);
  });
  it('gives a branch without information little weight, or the weights that are given', () => {
    const [a, b] = fitOutOfFold({ targets, branches: [good, noise], foldOf }, { config, graph }).weights;
    // Shrunk to equal weights.
    expect(a).toBeGreaterThan(1.5 * b);
    const given = fitOutOfFold({ targets, branches: [good, noise], foldOf }, { config, graph, weights: [0.5, 0.5] });
    expect(given.weights).toEqual([0.5, 0.5]);
  });
});

describe('alignFolds(outOfFold, labels)', () => {
  it('takes away that a model scores lower what its training had less of, and adds nothing where scores say nothing', () => {
    // Scores are the prevalence of the training images alone: lower where a fold has more positives.
    const rare = Float32Array.from({ length: 60 }, (_, row) => Number(row % 20 === 0 || row === 3));
    const folds = Array.from({ length: 60 }, (_, row) => (row === 3 ? 0 : row % 2));
    const prevalence = (fold: number): number =>
      rare.reduce((sum, target, row) => sum + (folds[row] === fold ? 0 : target), 0);
    const scores = Float64Array.from(folds, (fold) => Math.log(0.1 + prevalence(fold)));
    const auroc = (values: ArrayLike<number>): number => macroAuroc(values, [...folds.keys()], rare, 1);
    expect(auroc(scores)).toBeLessThan(0.4);
    const { branches } = alignFolds({ targets: rare, branches: [scores], foldOf: folds }, 1);
    expect(auroc(Float64Array.from(branches[0], (z) => Math.round(z * 1e9)))).toBe(0.5);
  });
  it('leaves folds of few images as they are', () => {
    const few = { targets: targets.slice(0, 12), branches: [good.slice(0, 12)], foldOf: foldOf.slice(0, 12) };
    expect(alignFolds(few, 1)).toEqual(few);
  });
});

describe('repeatedScores(repeats, options)', () => {
  const of = (scores: Float64Array): Predictions => ({
    labels: ['A'],
    samples: Array.from(targets, (_, row) => ({ id: `${row}`, patient: `p${row}`, split: 'train' as const })),
    targets,
    probabilities: scores.map((z) => 1 / (1 + Math.exp(-z))),
  });
  it('has the mean of the repeats, and an interval that covers patients and repeats', () => {
    const { macro, labels } = repeatedScores([of(good), of(noise)], { resamples: 200 });
    const [a, b] = macro.byRepeat as number[];
    expect(macro.mean).toBeCloseTo((a + b) / 2, 12);
    expect(macro.sd).toBeCloseTo(Math.abs(a - b) / Math.SQRT2, 12);
    // Both draws may be of the same repeat.
    expect(macro.ci[0]!).toBeLessThan(b + 0.05);
    expect(macro.ci[1]!).toBeGreaterThan(a - 0.05);
    expect(labels.A).toEqual(macro);
  });
  it('compares repeats in pairs', () => {
    const { macro } = repeatedDifferences([of(noise)], [of(good)], { resamples: 200 });
    expect(macro.ci[0]!).toBeGreaterThan(0);
    expect(repeatedDifferences([of(good)], [of(good)], { resamples: 50 }).macro).toMatchObject({ mean: 0, ci: [0, 0] });
    expect(() => repeatedDifferences([of(good)], [], { resamples: 1 })).toThrow('expected as many repeats of both');
    expect(() => repeatedScores([], { resamples: 1 })).toThrow('expected one or more repeats, got none');
  });
});
