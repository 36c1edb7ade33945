import { compare } from '../src/comparison.js';
import { pairPredictions } from '../src/paired-predictions.js';
import type { Predictions } from '../src/predictions.js';

const predictions = (ids: string[], labels: string[], targets: number[], patients = ids): Predictions => ({
  labels,
  samples: ids.map((id, row) => ({ id, patient: patients[row], split: 'test' })),
  targets: Float32Array.from(targets),
  probabilities: Float64Array.from(targets, (_, at) => at / targets.length),
});
const a = predictions(['1', '2', '3', '4'], ['A', 'B'], [1, 0, 0, 1, 1, NaN, 0, 0], ['p', 'p', 'q', 'q']);

describe('pairPredictions(models)', () => {
  it('pairs by sample and label in any order, tells what is left out, and takes the fewest patients', () => {
    const b = predictions(['3', '1', '9', '2'], ['B', 'C'], [1, 0, 0, 0, 0, 0, 1, 0]);
    const { models, remarks } = pairPredictions([
      { name: 'ours', predictions: a },
      { name: 'baseline', predictions: b },
    ]);
    expect(models.map(({ labels }) => labels)).toEqual([['B'], ['B']]);
    expect(models[1].samples.map(({ id, patient }) => [id, patient])).toEqual([
      ['1', 'p'],
      ['2', 'p'],
      ['3', 'q'],
    ]);
    expect([...models[0].targets]).toEqual([0, 1, NaN]);
    expect([...models[1].probabilities]).toEqual([2 / 8, 6 / 8, 0]);
    expect(remarks).toEqual([
      '1 of 4 samples are in ours but not in all (such as 4)',
      'labels in ours but not in all: A',
      '1 of 4 samples are in baseline but not in all (such as 9)',
      'labels in baseline but not in all: C',
      'patients as ours knows them (2)',
      '1 targets that one does not know were left out',
    ]);
    expect(compare(models[0], models[1], { resamples: 20 }).samples).toBe(3);
  });
  it('says nothing of predictions of the same samples, and changes none', () => {
    const { models, remarks } = pairPredictions([a, a].map((one, i) => ({ name: `m${i}`, predictions: one })));
    expect({ models, remarks }).toEqual({ models: [a, a], remarks: [] });
  });
  it('refuses other targets, and nothing in common', () => {
    const of = (b: Predictions) => () =>
      pairPredictions([
        { name: 'ours', predictions: a },
        { name: 'baseline', predictions: b },
      ]);
    expect(of(predictions(['2'], ['A'], [1]))).toThrow('got another target of A for 2');
    expect(of(predictions(['7'], ['A'], [1]))).toThrow('got no sample that all have');
    expect(of(predictions(['1'], ['Z'], [1]))).toThrow('got no label that all have');
  });
});
