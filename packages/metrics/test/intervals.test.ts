import {
  bcaInterval,
  benjaminiHochberg,
  clusterRows,
  jackknifeWeights,
  normalCdf,
  normalQuantile,
  percentileInterval,
  smallestDetectableDifference,
  std,
} from '../src/index.js';

describe('normalQuantile(p)', () => {
  it('equals SciPy, and is the inverse of normalCdf', () => {
    for (const [p, z] of [
      [1e-6, -4.753424308822899],
      [0.025, -1.9599639845400545],
      [0.2, -0.8416212335729142],
      [0.5, 0],
      [0.9, 1.2815515655446004],
      [0.975, 1.959963984540054],
    ]) {
      expect(normalQuantile(p)).toBeCloseTo(z, 9);
      expect(normalCdf(normalQuantile(p))).toBeCloseTo(p, 12);
    }
    expect([normalQuantile(0), normalQuantile(1), normalQuantile(2)]).toEqual([-Infinity, Infinity, NaN]);
  });
});

describe('bcaInterval(draws, estimate, jackknife)', () => {
  const draws = Float64Array.from({ length: 1001 }, (_, i) => i / 1000);
  it('is the percentile interval where nothing is biased and nothing accelerates', () => {
    const [low, high] = bcaInterval(draws, 0.5, [0.4, 0.5, 0.6]);
    const [plainLow, plainHigh] = percentileInterval(draws);
    expect(low).toBeCloseTo(plainLow, 6);
    expect(high).toBeCloseTo(plainHigh, 6);
  });
  it('moves with the bias, worked by hand: 84 % of the draws below the estimate', () => {
    const bias = normalQuantile(0.84);
    const [low, high] = bcaInterval(draws, 0.84, [0.83, 0.84, 0.85]);
    expect(low).toBeCloseTo(normalCdf(2 * bias + normalQuantile(0.025)), 2);
    expect(high).toBeCloseTo(normalCdf(2 * bias + normalQuantile(0.975)), 2);
  });
  it('moves towards the long tail of the jackknife', () => {
    const [, symmetric] = bcaInterval(draws, 0.5, [0.4, 0.5, 0.6]);
    const [, skewed] = bcaInterval(draws, 0.5, [0.1, 0.5, 0.5, 0.5, 0.5, 0.5]);
    expect(skewed).toBeGreaterThan(symmetric);
  });
  it('is undefined without draws or jackknife', () => {
    expect(bcaInterval([NaN], 0.5, [0.1, 0.2])).toEqual([NaN, NaN]);
    expect(bcaInterval(draws, 0.5, [0.1])).toEqual([NaN, NaN]);
  });
});

describe('jackknifeWeights(clusters)', () => {
  it('leaves out one cluster at a time, several together where there are many', () => {
    const clusters = clusterRows(['a', 'b', 'a', 'c']);
    expect([...jackknifeWeights(clusters)].length).toBe(3);
    expect(Array.from(jackknifeWeights(clusters), (weights) => [...weights])).toEqual([
      [0, 1, 0, 1],
      [1, 0, 1, 1],
      [1, 1, 1, 0],
    ]);
    expect(Array.from(jackknifeWeights(clusters, 2), (weights) => [...weights])).toEqual([
      [0, 1, 0, 0],
      [1, 0, 1, 1],
    ]);
  });
});

describe('benjaminiHochberg(pValues)', () => {
  it('is worked by hand, never above 1, undefined ones left out', () => {
    expect(
      benjaminiHochberg([0.01, 0.04, 0.03, NaN, 0.5]).map((p) => (Number.isNaN(p) ? p : Number(p.toFixed(9)))),
    ).toEqual([0.04, 0.053333333, 0.053333333, NaN, 0.5]);
    expect(benjaminiHochberg([0.9, 1])).toEqual([1, 1]);
  });
});

describe('smallestDetectableDifference(standardError)', () => {
  it('is 2.8 standard errors for 80 % power at 5 %', () => {
    expect(smallestDetectableDifference(0.01)).toBeCloseTo(0.0280158, 6);
    expect(smallestDetectableDifference(0.01, { power: 0.5 })).toBeCloseTo(0.0195996, 6);
  });
  it('is undefined for a standard error of 0: four images do not detect every difference', () => {
    expect(smallestDetectableDifference(0)).toBeNaN();
    expect(smallestDetectableDifference(NaN)).toBeNaN();
  });
});

describe('std(values)', () => {
  it('divides by n − 1 and leaves out what is undefined', () => {
    expect(std([1, 3, NaN])).toBeCloseTo(Math.SQRT2, 12);
    expect(std([1])).toBeNaN();
  });
});
