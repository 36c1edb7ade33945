import fc from 'fast-check';
import { aggregateStudies, adjustPrior, correctLabelShift, fitConformal, predictionSet } from '../src/index.js';

describe('fitConformal, then predictionSet', () => {
  it('takes the right order statistics, worked by hand', () => {
    const targets = [1, 1, 1, 1, 0, 0, 0, 0];
    const probabilities = [0.9, 0.8, 0.7, 0.2, 0.1, 0.3, 0.4, 0.6];
    // ⌈5 · 0.75⌉ = 4th of four: 0.8 where present, 0.6 where absent.
    const fitted = fitConformal(targets, probabilities, 0.25);
    expect(fitted.present).toBeCloseTo(0.8, 12);
    expect(fitted.absent).toBeCloseTo(0.6, 12);
    expect(predictionSet(fitted, 0.5)).toEqual({ present: true, absent: true });
    expect(predictionSet(fitted, 0.9)).toEqual({ present: true, absent: false });
    expect(predictionSet(fitted, 0.1)).toEqual({ present: false, absent: true });
  });
  it('covers as promised on new cases of the same population, of either class', () => {
    // Probabilities of a made-up model that is right more often than not.
    const draw = (i: number, seed: number): number => ((i * 7919 + seed * 104729) % 10007) / 10007;
    const sample = (seed: number) =>
      Array.from({ length: 4000 }, (_, i) => {
        const target = draw(i, seed) < 0.2 ? 1 : 0;
        const noise = draw(i, seed + 50);
        return { target, probability: target === 1 ? Math.sqrt(noise) : noise ** 2 };
      });
    const fit = sample(1);
    const fitted = fitConformal(
      fit.map(({ target }) => target),
      fit.map(({ probability }) => probability),
      0.1,
    );
    for (const wanted of [0, 1]) {
      const cases = sample(2).filter(({ target }) => target === wanted);
      const covered = cases.filter(({ probability }) => {
        const { present, absent } = predictionSet(fitted, probability);
        return wanted === 1 ? present : absent;
      });
      expect(covered.length / cases.length).toBeGreaterThan(0.87);
      expect(covered.length / cases.length).toBeLessThan(0.93);
    }
  });
  it('believes everything where too few cases allow no bound', () => {
    const fitted = fitConformal([1, 0, NaN], [0.5, 0.5, 0.5], 0.1);
    expect(predictionSet(fitted, 0.999)).toEqual({ present: true, absent: true });
    expect(() => fitConformal([], [], 1)).toThrow('expected alpha in (0, 1), got 1');
  });
});

describe('correctLabelShift(probabilities, trainingPrior)', () => {
  // A model that knows the likelihood ratio of two normal distributions a distance apart, trained at half and half.
  const logit = (x: number): number => 2 * x;
  const normal = (i: number): number => {
    const [u, v] = [((i * 7919) % 9973) / 9973 || 1e-9, ((i * 104729) % 9967) / 9967];
    return Math.sqrt(-2 * Math.log(u)) * Math.cos(2 * Math.PI * v);
  };
  const population = (share: number): number[] =>
    Array.from({ length: 9000 }, (_, i) => {
      const isPositive = i < 9000 * share;
      return 1 / (1 + Math.exp(-logit((isPositive ? 1 : -1) + normal(i + 1))));
    });
  it.each([0.05, 0.3, 0.8])('finds the share of positives that a new set has: %d', (share) => {
    const { prior, probabilities } = correctLabelShift(population(share), 0.5);
    expect(Math.abs(prior - share)).toBeLessThan(0.02);
    expect(probabilities.reduce((sum, p) => sum + p, 0) / probabilities.length).toBeCloseTo(prior, 6);
  });
  it('changes little where nothing has shifted', () => {
    const given = population(0.5);
    const { probabilities } = correctLabelShift(given, 0.5);
    expect(Math.max(...given.map((p, i) => Math.abs(p - probabilities[i])))).toBeLessThan(0.02);
  });
  it('ends where expectation maximisation ends, its slow version', () => {
    for (const [share, trainingPrior] of [
      [0.1, 0.5],
      [0.6, 0.3],
    ]) {
      const given = population(share);
      let prior = trainingPrior;
      for (let round = 0; round < 500; round++)
        prior = given.reduce((sum, p) => sum + adjustPrior(p, trainingPrior, prior), 0) / given.length;
      expect(correctLabelShift(given, trainingPrior).prior).toBeCloseTo(prior, 9);
    }
  });
  it('ends near 0 or 1 where every case speaks for it, keeps the order, and knows nothing of no cases', () => {
    const { prior, probabilities } = correctLabelShift([0.1, 0.2], 0.5);
    expect(prior).toBe(0.25);
    expect(probabilities[0]).toBeCloseTo((0.1 * 0.25) / (0.1 * 0.25 + 0.9 * 0.75), 12);
    expect(probabilities[1]).toBeGreaterThan(probabilities[0]);
    expect(correctLabelShift([0.9, 1], 0.5).prior).toBe(0.75);
    expect([...correctLabelShift([0, 1, 1], 0.5).probabilities]).toEqual([0, 1, 1]);
    expect(correctLabelShift([], 0.5).prior).toBeNaN();
  });
  it('refuses a prior of 0', () => {
    expect(() => correctLabelShift([0.5], 0)).toThrow('expected trainingPrior in (0, 1), got 0');
  });
});

describe('aggregateStudies(probabilities, studyIds, rule)', () => {
  const probabilities = [0.2, 0.5, 0.8, 0.5, 0.1, 1];
  const ids = ['s1', 's1', 's2'];
  it('takes the mean, the largest, or the mean on the logit scale', () => {
    expect(aggregateStudies(probabilities, ids)).toEqual({
      studies: ['s1', 's2'],
      rows: [[0, 1], [2]],
      scores: Float64Array.of(0.5, 0.5, 0.1, 1),
    });
    expect([...aggregateStudies(probabilities, ids, 'max').scores]).toEqual([0.8, 0.5, 0.1, 1]);
    const [first, , , last] = aggregateStudies(probabilities, ids, 'logit-mean').scores;
    expect(first).toBeCloseTo(0.5, 12); // logits of 0.2 and 0.8 cancel
    expect(last).toBeCloseTo(1, 9);
  });
  it('stays between the smallest and the largest of the views', () => {
    const p = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(
        fc.array(p, { minLength: 1, maxLength: 5 }),
        fc.constantFrom('mean', 'max', 'logit-mean'),
        (views, rule) => {
          const [score] = aggregateStudies(
            views,
            views.map(() => 's'),
            rule as 'mean',
          ).scores;
          expect(score).toBeGreaterThanOrEqual(Math.min(...views) - 1e-9);
          expect(score).toBeLessThanOrEqual(Math.max(...views) + 1e-9);
        },
      ),
    );
  });
});
