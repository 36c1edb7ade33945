import {
  coverageError,
  groupMeans,
  hammingLoss,
  hierarchicalScores,
  labelRankingAveragePrecision,
  longTailGroups,
  rankingLoss,
  subsetAccuracy,
  weightedMean,
} from '../src/index.js';

// Two rows of three labels: the positive is first; the positive is tied for the last two places.
const matrix = { targets: [1, 0, 0, 0, 1, 0], scores: [0.9, 0.1, 0.5, 0.8, 0.2, 0.2], labels: 3 };

describe('ranking of the labels of a row', () => {
  it('is worked by hand, ties counting at their worst', () => {
    expect(coverageError(matrix)).toBe((1 + 3) / 2);
    expect(rankingLoss(matrix)).toBe((0 + 1) / 2);
    expect(labelRankingAveragePrecision(matrix)).toBe((1 + 1 / 3) / 2);
  });
  it('counts a row without positives as 0, 0 and 1, or not at all', () => {
    const empty = { targets: [1, 0, 0, 0], scores: [0.1, 0.9, 0.3, 0.4], labels: 2 };
    expect([coverageError(empty), rankingLoss(empty), labelRankingAveragePrecision(empty)]).toEqual([1, 0.5, 0.75]);
    const skip = { skipEmpty: true };
    expect([coverageError(empty, skip), rankingLoss(empty, skip), labelRankingAveragePrecision(empty, skip)]).toEqual([
      2, 1, 0.5,
    ]);
  });
  it('leaves out labels whose target is unknown, and rows without any', () => {
    const known = { targets: [1, NaN, 0, NaN, NaN, NaN], scores: [0.5, 0.9, 0.1, 1, 1, 1], labels: 3 };
    expect([coverageError(known), rankingLoss(known), labelRankingAveragePrecision(known)]).toEqual([1, 0, 1]);
    expect(coverageError({ targets: [NaN], scores: [1], labels: 1 })).toBeNaN();
  });
});

describe('decisions', () => {
  it('hammingLoss and subsetAccuracy count known entries alone', () => {
    const [targets, decisions] = [
      [1, 0, NaN, 1, 1, 0],
      [1, 0, 1, 1, 0, 0],
    ];
    expect(hammingLoss(targets, decisions)).toBe(1 / 5);
    expect(subsetAccuracy(targets, decisions, 3)).toBe(0.5);
    expect(hammingLoss([NaN], [1])).toBeNaN();
    expect(subsetAccuracy([NaN], [1], 1)).toBeNaN();
  });
  it('hierarchicalScores gives half of the credit for the parent alone, worked by hand', () => {
    const ancestors = [[], [0], [0]]; // b and c below a
    // b is the case; c is said: closed {a, b} and {a, c} share a.
    expect(hierarchicalScores([0, 1, 0], [0, 0, 1], ancestors)).toEqual({ precision: 0.5, recall: 0.5, f1: 0.5 });
    expect(hierarchicalScores([NaN, 0, 0], [1, 0, 0], ancestors)).toMatchObject({ precision: NaN });
    expect(hierarchicalScores([NaN, 1, NaN], [0, 1, 1], ancestors)).toEqual({ precision: 1, recall: 1, f1: 1 });
  });
});

describe('averages over labels', () => {
  it('groups by prevalence as CXR-LT does', () => {
    const groups = longTailGroups([0.3, 0.1, 0.05, 0.01, 0.009]);
    expect(groups).toEqual(['head', 'medium', 'medium', 'medium', 'tail']);
    expect(groupMeans([0.9, 0.8, NaN, 0.6, NaN], groups)).toEqual({ head: 0.9, medium: 0.7, tail: NaN });
  });
  it('weights by positives, undefined ones left out', () => {
    expect(weightedMean([0.5, 1, NaN], [3, 1, 100])).toBe(0.625);
    expect(weightedMean([NaN], [1])).toBeNaN();
  });
});
