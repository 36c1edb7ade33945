import { csraObjective, fitCsra } from '../src/csra.js';
import { fitGaussian } from '../src/gaussian.js';
import { headDefaults, type HeadProblem } from '../src/head.js';
import { labelRows } from '../src/label-rows.js';
import { fitNeighbours } from '../src/neighbours.js';
import { fitPropagation } from '../src/propagation.js';
import { heads, registerHead } from '../src/registry.js';
import { fitStack } from '../src/stack.js';
import { featuresOf } from '../src/sub-problem.js';
import { fitTextCentroids } from '../src/text-centroids.js';
import { distance, golden, matrix, numbers, problemOf, type Rows } from './golden.js';

interface Case {
  features: Rows;
  targets: Rows;
  archive?: Rows;
  new: Rows;
  texts?: Rows[];
}

const problemIn = (data: Case): HeadProblem => ({
  ...problemOf(data),
  ...(data.archive?.length && { archive: matrix(data.archive) }),
});
const of = <T>(name: string): [string, T][] => Object.entries(golden[name] as Record<string, T>);

describe('fitGaussian(problem, options)', () => {
  type GaussianCase = Case & {
    shrinkage: number | 'ledoit-wolf';
    expected: { shrinkage: number; directions: Rows; offsets: number[]; priors: number[] };
  };
  it.each(of<GaussianCase>('gaussian'))('is the discriminant that numpy and scikit-learn give: %s', (_, one) => {
    const { shrinkage, expected } = one;
    const head = fitGaussian(problemIn(one), { ...headDefaults, shrinkage });
    const scale = head.settings.scale as number;
    expect(Math.abs((head.settings.shrinkage as number) - expected.shrinkage)).toBeLessThan(1e-9);
    const wanted = numbers(expected.directions).map((value) => scale * value);
    expect(distance(head.linear!.weights, wanted)).toBeLessThan(1e-7 * Math.max(1, ...wanted.map(Math.abs)));
    const bias = expected.offsets.map((offset, i) => scale * offset + expected.priors[i]);
    expect(distance(head.linear!.bias, bias)).toBeLessThan(1e-7 * Math.max(1, ...bias.map(Math.abs)));
  });

  it('chooses a shrinkage by cross-validation and says so', () => {
    const [, one] = of<GaussianCase>('gaussian')[2];
    const head = fitGaussian(problemIn(one), headDefaults);
    expect(head.remarks[0]).toContain('chosen by 5-fold cross-validation by patient');
    const tried = head.settings.tried as { shrinkage: number; auroc: number }[];
    expect(Math.max(...tried.map(({ auroc }) => auroc))).toBe(
      tried.find(({ shrinkage }) => shrinkage === head.settings.shrinkage)!.auroc,
    );
  });
});

describe('fitNeighbours(problem, options)', () => {
  type CacheCase = Case & {
    neighbours: number;
    sharpness: number;
    expected: { logits: Rows; nearest: number[]; similarity: number[] };
  };
  it.each(of<CacheCase>('neighbours'))('is the kernel cache of numpy: %s', (_, one) => {
    const { neighbours, sharpness, expected } = one;
    const head = fitNeighbours(problemIn(one), { ...headDefaults, neighbours, sharpness });
    const images = { pooled: matrix(one.new) };
    expect(distance(head.scores(images), numbers(expected.logits))).toBeLessThan(1e-9);
    const [nearest] = head.neighboursOf!(images, 3);
    expect(nearest.map(({ id }) => id)).toEqual(expected.nearest.map((i) => `image-${i}`));
    expect(
      distance(
        nearest.map(({ similarity }) => similarity),
        expected.similarity,
      ),
    ).toBeLessThan(1e-9);
    const first = one.targets[expected.nearest[0]];
    expect(nearest[0].present).toEqual(first.flatMap((value, i) => (value === 1 ? [`L${i}`] : [])));
  });

  it('leaves the images of the same patient out when it chooses the sharpness', () => {
    const [, one] = of<CacheCase>('neighbours')[0];
    // Each image twice: a patient's other image would tell all.
    const twice = { ...one, features: [...one.features, ...one.features], targets: [...one.targets, ...one.targets] };
    const problem = problemIn(twice);
    const groups = one.features.map((_, i) => i);
    const losses = (patients: number[]): number[] =>
      (fitNeighbours({ ...problem, groups: patients }, headDefaults).settings.tried as { loss: number }[]).map(
        ({ loss }) => loss,
      );
    expect(losses([...groups, ...groups]).at(-1)).toBeGreaterThan(
      losses([...groups, ...groups.map((i) => i + 100)]).at(-1)! + 0.1,
    );
  });
});

describe('fitPropagation(problem, options)', () => {
  type GraphCase = Case & { neighbours: number; sharpness: number; spread: number; expected: { logits: Rows } };
  it.each(of<GraphCase>('propagation'))('is the closed form of numpy: %s', (_, one) => {
    const { neighbours, sharpness, spread, expected } = one;
    const head = fitPropagation(problemIn(one), { ...headDefaults, neighbours, sharpness, spread });
    expect(distance(head.scores({ pooled: matrix(one.new) }), numbers(expected.logits))).toBeLessThan(1e-8);
  });
});

describe('fitTextCentroids(problem, options)', () => {
  type TextCase = Case & { expected: Record<'ss-text+' | 'lp++', Rows> };
  it.each(['ss-text+', 'lp++'] as const)('has the direction that numpy gives: %s', (centroids) => {
    const [, one] = of<TextCase>('texts')[0];
    const { weights } = fitTextCentroids(problemIn(one), { ...headDefaults, centroids }).linear!;
    one.expected[centroids].forEach((row, label) => {
      const own = weights.subarray(label * row.length, (label + 1) * row.length);
      const length = Math.hypot(...own);
      // A label whose score is not even in the right direction has the scale 0.
      if (length > 0)
        expect(
          distance(
            own.map((value) => value / length),
            row.map((value) => value! / Math.hypot(...(row as number[]))),
          ),
        ).toBeLessThan(1e-6);
    });
    expect(weights.some((value) => value !== 0)).toBe(true);
  });

  it('refuses a problem without texts', () => {
    const [, { texts: _, ...rest }] = of<TextCase>('texts')[0];
    expect(() => fitTextCentroids(problemIn(rest), headDefaults)).toThrow(
      'expected texts of the labels in the space of the features',
    );
  });
});

describe('fitCsra(problem, options)', () => {
  const one = golden.csra.objective as {
    maps: number[][][];
    targets: number[];
    point: number[];
    offset: number[];
    divisor: number[];
    penalty: number;
    attention: number;
    temperature: number;
    expected: { value: number; gradient: number[] };
  };
  const [images, patches, dim] = [one.maps.length, one.maps[0].length, one.maps[0][0].length];
  const maps = { images, patches, dim, data: Float32Array.from(one.maps.flat(2)) };
  const problem: HeadProblem = {
    labels: ['L'],
    features: matrix(
      one.maps.map((image) => image[0].map((_, i) => image.reduce((sum, patch) => sum + patch[i] / patches, 0))),
    ),
    maps,
    targets: one.targets,
    groups: one.targets.map((_, i) => i),
    seed: 0,
  };
  const objectiveWith = (attention: number) =>
    csraObjective(maps, labelRows(problem, 0, { balance: 'none', images: Int32Array.from(one.targets.keys()) }), {
      ...one,
      attention,
      scaling: { offset: Float64Array.from(one.offset), divisor: Float64Array.from(one.divisor) },
    });

  it('has the objective of numpy and the gradient of its central differences', () => {
    const { value, gradient } = objectiveWith(one.attention)(Float64Array.from(one.point));
    expect(Math.abs(value - one.expected.value)).toBeLessThan(1e-9);
    expect(distance(gradient, one.expected.gradient)).toBeLessThan(1e-7);
  });

  it('ends at a stationary point no worse than the optimum without attention, which it starts from', () => {
    const options = { ...headDefaults, penalty: one.penalty, attention: one.attention, temperature: one.temperature };
    const head = fitCsra(problem, options);
    const weights = head.arrays.get('weights')!.data.map((value, i) => value * one.divisor[i]);
    const bias =
      head.arrays.get('bias')!.data[0] +
      (1 + one.attention) * weights.reduce((sum, w, i) => sum + (w * one.offset[i]) / one.divisor[i], 0);
    const { value, gradient } = objectiveWith(one.attention)(Float64Array.of(...weights, bias));
    expect(Math.hypot(...gradient)).toBeLessThan(1e-6);
    const start = heads.get('logistic').fit(problem, options).linear!;
    expect(value).toBeLessThanOrEqual(
      objectiveWith(one.attention)(Float64Array.of(...start.weights, ...start.bias)).value,
    );
  });

  it('refuses a problem without maps', () => {
    expect(() => fitCsra({ ...problem, maps: undefined }, headDefaults)).toThrow('expected feature maps of the images');
  });
});

describe('fitStack(problem, options)', () => {
  const data = golden.logistic['more images than features'] as Case;
  const options = { ...headDefaults, of: ['logistic', 'neighbours'], penalty: 0.1 };

  it('adds the logits of its heads, by weights fitted on images that no head was fitted to', () => {
    const seen: number[] = [];
    const weigh = (targets: Float64Array, logits: readonly Float64Array[]): number[] => {
      seen.push(targets.length, logits.length);
      // A head that had seen an image would tell its label.
      const right = logits[1].filter((z, at) => !Number.isNaN(targets[at]) && z > 0 === (targets[at] === 1)).length;
      expect(right / targets.filter((value) => !Number.isNaN(value)).length).toBeLessThan(0.95);
      return [0.75, 0.5];
    };
    const problem = { ...problemIn(data), weigh };
    const head = fitStack(problem, options, heads.get);
    expect(seen).toEqual([180, 2]);
    expect(head.remarks[0]).toContain('0.75 logistic + 0.50 neighbours, fitted on out-of-fold predictions of 5 folds');
    const images = featuresOf(problem, Int32Array.of(0, 1, 2));
    const [a, b] = options.of.map((name) => heads.get(name).fit(problem, options).scores(images));
    expect(
      distance(
        head.scores(images),
        a.map((value, i) => 0.75 * value + 0.5 * b[i]),
      ),
    ).toBeLessThan(1e-12);
  });
});

describe('heads that are stored', () => {
  it.each(['gaussian', 'neighbours', 'propagation', 'stack'])('%s: score as before', (name) => {
    const problem = problemIn(golden.logistic['more images than features'] as Case);
    const head = heads.get(name).fit(problem, { ...headDefaults, penalty: 0.1, sharpness: 5, shrinkage: 0.5 });
    const stored = JSON.parse(JSON.stringify({ labels: head.labels, kind: head.kind, settings: head.settings }));
    const again = heads.get(name).restore({ ...stored, arrays: head.arrays });
    expect([...again.scores({ pooled: problem.features })]).toEqual([...head.scores({ pooled: problem.features })]);
    expect([...head.arrays.values()].every(({ data }) => data.every(Number.isFinite))).toBe(true);
  });

  it('are of kinds that are registered once', () => {
    expect(() => registerHead('logistic', heads.get('logistic'))).toThrow('which is registered already');
    expect(() => registerHead('other', {} as never)).toThrow('expected a head with fit, restore and reads');
    expect(() => heads.get('nothing')).toThrow('expected a head of logistic, gaussian');
  });
});
