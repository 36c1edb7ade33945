import { headDefaults } from '../src/head.js';
import { fitLogistic, logistic } from '../src/logistic.js';
import { matrixOf } from '../src/matrix.js';
import { distance, golden, numbers, problemOf, type Rows } from './golden.js';

interface Case {
  features: Rows;
  targets: Rows;
  texts?: Rows[];
  penalty: number;
  balance: 'none' | 'balanced';
  expected: { weights: Rows; bias: number[]; scales?: number[] };
}

describe('fitLogistic(problem, options)', () => {
  it.each(Object.entries(golden.logistic as Record<string, Case>))(
    'finds the optimum that BFGS and scikit-learn find: %s',
    (_, { penalty, balance, expected, ...data }) => {
      const prior = data.texts ? 'prompts' : 'zero';
      const head = fitLogistic(problemOf(data), { ...headDefaults, penalty, balance, prior });
      expect(distance(head.linear!.weights, numbers(expected.weights))).toBeLessThan(1e-6);
      expect(distance(head.linear!.bias, expected.bias)).toBeLessThan(1e-6);
      if (expected.scales) expect(distance(head.settings.scales as number[], expected.scales)).toBeLessThan(1e-6);
    },
  );

  it('gives each view its share of an image: an image twice is an image once', () => {
    const { features, targets } = golden.logistic.balanced as Case;
    const once = problemOf({ features, targets });
    const twice = { ...problemOf({ features: features.flatMap((row) => [row, row]), targets }), views: 2 };
    const options = { ...headDefaults, penalty: 0.05 };
    const [a, b] = [fitLogistic(once, options), fitLogistic({ ...twice, groups: once.groups }, options)];
    expect(distance(a.linear!.weights, b.linear!.weights)).toBeLessThan(1e-8);
  });

  it('chooses a penalty that scores left-out images best, and says so; the same bits twice', () => {
    const problem = problemOf(golden.logistic['more images than features'] as Case);
    const [a, b] = [fitLogistic(problem, headDefaults), fitLogistic(problem, headDefaults)];
    const tried = a.settings.tried as { penalty: number; loss: number }[];
    const best = tried.reduce((least, one) => (one.loss < least.loss ? one : least));
    expect(a.settings.penalty).toBe(best.penalty);
    expect(a.remarks[0]).toContain(`penalty ${best.penalty} chosen by 5-fold cross-validation of 60 training images`);
    expect([...a.linear!.weights]).toEqual([...b.linear!.weights]);
  });

  it('gives a label of one class a constant score and names it', () => {
    const { features, targets } = golden.logistic.balanced as Case;
    const problem = problemOf({ features, targets: targets.map(([a, , c]) => [a, 0, c]) });
    const head = fitLogistic(problem, { ...headDefaults, penalty: 0.1 });
    const scores = head.scores({ pooled: problem.features });
    expect(new Set(Array.from(scores).filter((__, at) => at % 3 === 1))).toEqual(new Set([Math.log(0.5 / 40.5)]));
    expect(head.remarks.join()).toContain('1 of 3 labels have one class alone in the training images');
    expect(head.remarks.join()).toContain('L1');
  });

  it('is the same once it is stored and restored', () => {
    const problem = problemOf(golden.logistic.balanced as Case);
    const head = fitLogistic(problem, { ...headDefaults, penalty: 0.1, scaling: 'centred' });
    const again = logistic.restore({ ...head, settings: JSON.parse(JSON.stringify(head.settings)) });
    const images = { pooled: problem.features };
    expect([...again.scores(images)]).toEqual([...head.scores(images)]);
    expect(() => logistic.restore({ ...head, arrays: new Map() })).toThrow('expected an array offset, got none');
  });

  it('refuses the prior prompts without texts', () => {
    const problem = problemOf(golden.logistic.balanced as Case);
    expect(() => fitLogistic(problem, { ...headDefaults, prior: 'prompts' })).toThrow(
      'expected texts of the labels in the space of the features',
    );
    expect(() => matrixOf(2, 2, [1])).toThrow('expected 4 numbers for [2, 2], got 1');
  });
});
