import { bootstrapP, bootstrapRanking, clusterRows, forEachResample, RankedScores } from '../src/index.js';

describe('clusterRows(ids)', () => {
  it('numbers clusters in rising order', () => {
    expect(clusterRows([30, 4, 30])).toEqual({ count: 2, ofRow: Uint32Array.of(1, 0, 1) });
    expect(clusterRows(['b', 'a', 'b'])).toEqual({ count: 2, ofRow: Uint32Array.of(1, 0, 1) });
  });
});

describe('forEachResample(clusters, options, visit)', () => {
  it('draws whole clusters, the same ones for the same seed', () => {
    const clusters = clusterRows(['a', 'a', 'b', 'c']);
    const record = (seed: number): string[] => {
      const seen: string[] = [];
      forEachResample(clusters, { resamples: 20, seed }, (weights) => {
        expect(weights[0]).toBe(weights[1]);
        expect(weights[0] + weights[2] + weights[3]).toBe(3);
        seen.push(weights.join());
      });
      return seen;
    };
    expect(record(1)).toEqual(record(1));
    expect(record(1)).not.toEqual(record(2));
  });
});

describe('bootstrapRanking(labels, clusters, options)', () => {
  it('leaves a label out of the draws in which a class is missing', () => {
    const ranked = [new RankedScores([1, 0, 0], [3, 2, 1]), new RankedScores([1, 0, 1], [1, 2, 3])];
    const { auroc } = bootstrapRanking(ranked, clusterRows([0, 1, 2]), { resamples: 60, seed: 1 });
    expect(auroc.byLabel[0].some(Number.isNaN)).toBe(true);
    auroc.macro.forEach((macro, draw) => {
      const defined = auroc.byLabel.map((values) => values[draw]).filter((value) => !Number.isNaN(value));
      if (defined.length === 0) expect(macro).toBeNaN();
      else expect(macro).toBeCloseTo(defined.reduce((a, b) => a + b) / defined.length, 12);
    });
  });
});

describe('bootstrapP(differences)', () => {
  it('is twice the smaller side', () => {
    expect(bootstrapP([1, 2, 3, -1])).toBeCloseTo(0.5, 12);
    expect(bootstrapP([1, 2])).toBe(0);
    expect(bootstrapP([0, 0])).toBe(1);
  });
  it('is undefined where resamples of few cases do not vary', () => {
    const four = { positives: 2, negatives: 2 };
    expect(bootstrapP([0.5, 0.5, NaN, 0.5], four)).toBeNaN();
    expect(bootstrapP([0, 0, 0], four)).toBe(1);
    expect(bootstrapP([0.5, 0.4, 0.5], four)).toBe(0);
    expect(bootstrapP([0.5, 0.5, 0.5], { positives: 10, negatives: 10 })).toBe(0);
    expect(bootstrapP([0.5, 0.5])).toBe(0);
    expect(bootstrapP([NaN])).toBeNaN();
  });
});
