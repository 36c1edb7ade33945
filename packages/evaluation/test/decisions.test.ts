import { LabelGraph } from '@cxr-align/label-graph';
import { RandomStream } from '@cxr-align/random';
import { evaluate } from '../src/index.js';
import { calibratedProbabilities, fitOnValidation } from '../src/calibrated.js';
import { decideLabels, decideRow, decisionProbabilities } from '../src/decisions.js';

describe('decideLabels({ probabilities, thresholds })', () => {
  it('decides at or above the threshold of each label, and at 0.5 where none could be fitted', () => {
    const probabilities = [0.2, 0.5, 0.19, 0.49];
    expect([...decideLabels({ probabilities, thresholds: [0.2, NaN] })]).toEqual([1, 1, 0, 0]);
  });
  it('decides on digits that printing rounds away', () => {
    const threshold = 0.123456489;
    expect([...decideLabels({ probabilities: [threshold, 0.1234564], thresholds: [threshold] })]).toEqual([1, 0]);
  });
  it('leaves a label without a probability undecided as absent', () => {
    expect([...decideLabels({ probabilities: [NaN], thresholds: [0.1] })]).toEqual([0]);
  });
  it('refuses probabilities of another number of labels', () => {
    expect(() => decideLabels({ probabilities: [0.1, 0.2, 0.3], thresholds: [0.5, 0.5] })).toThrow(
      'expected probabilities [rows, 2], got 3 values; pass a threshold for each label',
    );
  });
});

describe('decisions with a label graph', () => {
  const graph = new LabelGraph({
    name: 'findings',
    labels: [
      { name: 'No Finding' },
      { name: 'Lung Opacity' },
      { name: 'Consolidation', parents: ['Lung Opacity'] },
      { name: 'Pneumonia', parents: ['Consolidation'] },
      { name: 'Support Devices' },
    ],
  });
  const thresholds = [0.5, 0.9, 0.5, 0.2, 0.5];

  it('have no child positive below a negative parent, and No Finding beside no finding', () => {
    const probabilities = [0.9, 0.3, 0.25, 0.25, 0];
    expect([...decideLabels({ probabilities, thresholds })]).toEqual([1, 0, 0, 1, 0]);
    expect([...decideLabels({ probabilities, thresholds, graph })]).toEqual([0, 1, 1, 1, 0]);
    const by = 'Pneumonia';
    expect(decideRow({ probabilities, thresholds, graph })).toEqual([
      { positive: false, decidedBy: by },
      { positive: true, decidedBy: by },
      { positive: true, decidedBy: by },
      { positive: true },
      { positive: false },
    ]);
  });
  it('keep No Finding beside devices, and leave what is coherent', () => {
    const probabilities = [0.9, 0.3, 0.25, 0.1, 0.8, 0.1, 0.95, 0.2, 0.1, NaN];
    expect([...decideLabels({ probabilities, thresholds, graph })]).toEqual([1, 0, 0, 0, 1, 0, 1, 0, 0, 0]);
  });
  it('are coherent for any probabilities and thresholds, and coherent again when decided twice', () => {
    const random = new RandomStream({ seed: 5, purpose: 'decisions' });
    for (let round = 0; round < 200; round++) {
      const draw = (): number[] => graph.labels.map(() => random.uniform());
      const decided = decideLabels({ probabilities: draw(), thresholds: draw(), graph });
      for (const { parent, child } of graph.labelEdges())
        expect(decided[graph.labels.indexOf(parent)]).toBeGreaterThanOrEqual(decided[graph.labels.indexOf(child)]);
      if (decided[0] === 1) expect([...decided.slice(1, 4)]).toEqual([0, 0, 0]);
      expect(decideLabels({ probabilities: decided, thresholds: graph.labels.map(() => 1), graph })).toEqual(decided);
    }
  });
  it('refuse a graph of other labels', () => {
    expect(() => decideLabels({ probabilities: [0.1], thresholds: [0.5], graph })).toThrow(
      'expected a graph of 1 labels, got one of 5',
    );
  });
  it('are reported with their price', () => {
    const sample = (id: string) => ({ id, patient: id, split: 'test' as const });
    const { decisions, labels } = evaluate(
      {
        labels: graph.labels,
        samples: ['a', 'b', 'c', 'd'].map(sample),
        targets: Float32Array.from([0, 1, 1, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1, 0, 0, 0]),
        probabilities: Float64Array.from([
          0.9, 0.3, 0.25, 0.25, 0, 0.8, 0.1, 0.1, 0.1, 0.1, 0.1, 0.2, 0.1, 0.3, 0.6, 0.1, 0.95, 0.1, 0.1, 0.2,
        ]),
      },
      { data: 'd', split: 'test', thresholds, graph, resamples: 0 },
    );
    expect(labels['Lung Opacity']).toMatchObject({ sensitivity: 1, specificity: 0.5 });
    expect(decisions?.changed).toEqual({
      'No Finding': { toPositive: 0, toNegative: 1, sensitivityAlone: 1, specificityAlone: 2 / 3 },
      'Lung Opacity': { toPositive: 2, toNegative: 0, sensitivityAlone: 0.5, specificityAlone: 1 },
      Consolidation: { toPositive: 2, toNegative: 0, sensitivityAlone: 0, specificityAlone: 1 },
    });
  });
});

describe('decisionProbabilities(config, graph, probabilities)', () => {
  const tree = new LabelGraph({ name: 'tree', labels: [{ name: 'a' }, { name: 'b', parents: ['a'] }] });

  it('follows the hierarchy only where thresholds were fitted so', () => {
    const own = Float64Array.of(0.1, 0.7);
    expect([...decisionProbabilities({ enforceHierarchy: false }, tree, own)]).toEqual([0.1, 0.7]);
    expect([...decisionProbabilities({ enforceHierarchy: true }, tree, own)]).toEqual([0.7, 0.7]);
  });
  it('gives, on validation, the decisions that the threshold was chosen by', () => {
    // A parent is present with its child, and its own logits are of no use: the coherent ones separate.
    const truth = Float32Array.of(1, 1, 1, 1, 0, 0, 0, 0);
    const logits = Float32Array.of(-3, 2, -2, 3, -1, -4, -2.5, -5);
    const config = { calibration: 'none', conformalAlpha: 0, enforceHierarchy: true, threshold: 'youden' } as const;
    const { calibrations, thresholds } = fitOnValidation(config, tree, truth, logits);
    const calibrated = calibratedProbabilities(logits, calibrations);
    const probabilities = decisionProbabilities(config, tree, calibrated);
    const parent = (values: ArrayLike<number>): number[] =>
      [...decideLabels({ probabilities: values, thresholds })].filter((_, at) => at % 2 === 0);
    expect(parent(probabilities)).toEqual([1, 1, 0, 0]);
    expect(parent(calibrated)).toEqual([0, 0, 0, 0]);
  });
  it('puts thresholds between two scores, so that last bits flip nothing', () => {
    const single = new LabelGraph({ name: 'one', labels: [{ name: 'a' }] });
    const config = { calibration: 'none', conformalAlpha: 0, enforceHierarchy: true, threshold: 'youden' } as const;
    const sigmoid = (z: number): number => 1 / (1 + Math.exp(-z));
    const threshold = (truth: number[], logits: number[]): number =>
      fitOnValidation(config, single, truth, logits).thresholds[0];
    expect(threshold([0, 0, 1, 1], [-2, -1, 1, 2])).toBeCloseTo((sigmoid(-1) + sigmoid(1)) / 2, 14);
    // Ties stay on one side; all are called where the lowest score is the threshold.
    expect(threshold([0, 1, 1, 0], [-2, 1, 1, 1])).toBeCloseTo((sigmoid(-2) + sigmoid(1)) / 2, 14);
    expect(threshold([1, 0, 0], [-2, -2, -2])).toBeCloseTo(sigmoid(-2) / 2, 14);
    expect(threshold([1, 1, 1], [-2, 0, 2])).toBeNaN();
  });
  it('puts them between the plateaus of an isotonic calibration', () => {
    const single = new LabelGraph({ name: 'one', labels: [{ name: 'a' }] });
    const config = { calibration: 'isotonic', conformalAlpha: 0, enforceHierarchy: true, threshold: 'youden' } as const;
    const logits = Float32Array.of(-3, -2, -1, 0, 1, 2, 3, 4);
    const { calibrations, thresholds } = fitOnValidation(config, single, [0, 1, 0, 0, 1, 0, 1, 1], logits);
    const plateaus = [...new Set(calibratedProbabilities(logits, calibrations))];
    expect(plateaus.length).toBeGreaterThan(2);
    expect(plateaus.every((value) => Math.abs(value - thresholds[0]) > 0.01)).toBe(true);
  });
});
