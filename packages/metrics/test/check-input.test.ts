import * as metrics from '../src/index.js';

/** Stands for a tensor: a length-like shape, and a way to read it. */
const tensor = { shape: [4], dtype: 'float32', dataSync: () => Float32Array.of(1, 0, 1, 0) } as unknown as number[];
const targets = [1, 0, 1, 0];
const scores = [0.9, 0.2, 0.6, 0.4];

type Metric = (targets: ArrayLike<number>, scores: ArrayLike<number>) => unknown;
const binary: Record<string, Metric> = {
  auroc: metrics.auroc,
  averagePrecision: metrics.averagePrecision,
  partialAuroc: metrics.partialAuroc,
  rocCurve: metrics.rocCurve,
  precisionRecallCurve: metrics.precisionRecallCurve,
  RankedScores: (y, s) => new metrics.RankedScores(y, s),
  chooseThreshold: (y, s) => metrics.chooseThreshold(y, s, 'youden'),
  confusionAtThreshold: (y, s) => metrics.confusionAtThreshold(y, s, 0.5),
  brierScore: metrics.brierScore,
  logLoss: metrics.logLoss,
  expectedCalibrationError: metrics.expectedCalibrationError,
  reliabilityCurve: metrics.reliabilityCurve,
  fitCalibration: (y, s) => metrics.fitCalibration(y, s, 'platt'),
  delong: metrics.delong,
  pairedDelong: (y, s) => metrics.pairedDelong(y, s, scores),
  fitConformal: metrics.fitConformal,
  fitEnsembleWeights: (y, s) => metrics.fitEnsembleWeights(y, [s]),
  subgroupAudit: (y, s) => metrics.subgroupAudit(y, s, ['a', 'a', 'b', 'b'], { threshold: 0.5 }),
  hammingLoss: metrics.hammingLoss,
  coverageError: (y, s) => metrics.coverageError({ targets: y, scores: s, labels: 2 }),
  retrieval: (y, s) => metrics.retrieval({ targets: y, scores: s, labels: 2 }, [1]),
};

describe.each(Object.entries(binary))('%s, from plain JavaScript', (name, metric) => {
  it('takes arrays and typed arrays', () => {
    expect(() => metric(targets, scores)).not.toThrow();
    expect(metric(Float32Array.from(targets), Float64Array.from(scores))).toEqual(metric(targets, scores));
  });
  it.each([
    ['a tensor for the targets', [tensor, scores], TypeError, 'got a tensor; read it first: await tensor.data()'],
    ['a tensor for the scores', [targets, tensor], TypeError, 'got a tensor; read it first: await tensor.data()'],
    ['nothing', [targets, undefined], TypeError, 'got undefined'],
    ['texts', [targets, ['0.9', '0.2', '0.6', '0.4']], TypeError, 'got "0.9" at index 0'],
    ['nulls, which would count as 0', [targets, [0.9, null, 0.6, 0.4]], TypeError, 'got null at index 1'],
    ['rows of rows', [targets, [[0.9], [0.2], [0.6], [0.4]]], TypeError, 'got an array at index 0'],
    ['different lengths', [targets, [0.9, 0.2]], RangeError, 'got 2 and 4'],
    ['uncertain targets', [[1, -1, 1, 0], scores], RangeError, 'expected targets of 0, 1 or NaN, got -1 in row 1'],
  ])('refuses %s by name', (_what, [first, second], kind, message) => {
    const run = (): unknown => metric(first as number[], second as number[]);
    expect(run).toThrow(kind);
    expect(run).toThrow(message);
    expect(run).toThrow(`metrics/${name}: `);
  });
});

describe('other arguments', () => {
  const any = metrics as unknown as Record<string, (...args: unknown[]) => unknown>;
  it.each<[string, unknown[], string]>([
    [
      'partialAuroc',
      [targets, scores, { maxFpr: 0.1 }],
      'expected the options maxFalsePositiveRate, standardized, got "maxFpr"',
    ],
    ['partialAuroc', [targets, scores, 0.1], 'expected options as an object, got 0.1'],
    ['partialAuroc', [targets, scores, { maxFalsePositiveRate: 10 }], 'in (0, 1], got 10'],
    ['reliabilityCurve', [targets, scores, { by: 'size' }], 'expected by of width, mass, got "size"'],
    ['reliabilityCurve', [targets, scores, { bins: 0 }], 'expected bins as a whole number of at least 1, got 0'],
    ['chooseThreshold', [targets, scores, 'yuden'], 'expected rule of youden, max-f1, got "yuden"'],
    ['chooseThreshold', [targets, scores, { recall: 0.9 }], 'got "recall"'],
    ['chooseThreshold', [targets, scores, { sensitivity: 90 }], 'give one rate in [0, 1]'],
    ['fitCalibration', [targets, scores, 'beta'], 'expected kind of temperature, platt, isotonic, got "beta"'],
    ['calibrate', [{ kind: 'beta' }, scores], 'expected calibration.kind of none, temperature'],
    ['brierScore', [targets, [3, -2, 1, 0]], 'expected probabilities in [0, 1], got 3 in row 0; apply the sigmoid'],
    ['expectedCalibrationError', [targets, [90, 20, 60, 40]], 'got 90 in row 0'],
    ['correctLabelShift', [[2], 0.5], 'expected probabilities in [0, 1], got 2'],
    ['correctLabelShift', [[0.2], 0], 'expected trainingPrior in (0, 1), got 0'],
    ['fitConformal', [targets, scores, 5], 'expected alpha in (0, 1), got 5'],
    ['quantile', [scores, 95], 'expected a share in [0, 1], got 95'],
    ['mantelTest', [[0, 1, 1, 0], [0, 1, 1, 0], 2, { method: 'kendall' }], 'got "kendall"'],
    ['pearson', [[1, 2], [1]], 'expected as many y as x, got 1 and 2'],
    ['klDivergence', [[1, 2], [1]], 'expected as many b as a'],
    ['holm', [[0.1, null]], 'got null at index 1'],
    [
      'aggregateStudies',
      [
        [0.1, 0.2, 0.3],
        ['a', 'b'],
      ],
      'for each of 2 images, got 3',
    ],
    ['aggregateStudies', [[0.1], ['a'], 'median'], 'expected rule of mean, max, logit-mean'],
    ['subsetAccuracy', [[1, 0, 1], [1, 0, 1], 2], 'expected rows of 2 labels, got 3 values'],
    ['coverageError', [{ targets, scores, labels: 3 }], 'expected rows of 3 labels, got 4 values'],
    ['smallestDetectableDifference', [0.1, { power: 80 }], 'expected power in (0, 1), got 80'],
    ['longTailGroups', [[0.1], { heads: 0.2 }], 'got "heads"'],
    [
      'auroc',
      [BigInt64Array.of(1n, 0n), [1, 2]],
      'expected targets as an array or typed array of numbers, got a value of BigInt64Array',
    ],
  ])('%s refuses what is wrong in %j', (name, args, message) => {
    expect(() => any[name](...args)).toThrow(message);
    expect(() => any[name](...args)).toThrow(`metrics/${name}: `);
  });
  it('bootstraps refuse options of another name', () => {
    const clusters = metrics.clusterRows([0, 1, 2, 3]);
    const ranked = [new metrics.RankedScores(targets, scores)];
    const run = (options: object): unknown => metrics.bootstrapRanking(ranked, clusters, options as never);
    expect(() => run({ resamples: 5, draws: 5 })).toThrow('got "draws"');
    expect(() => run({ resamples: 2.5 })).toThrow('expected resamples as a whole number');
  });
});
