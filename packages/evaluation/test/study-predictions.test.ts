import { type ScoredRows, byStudy } from '../src/study-predictions.js';

const sample = (id: string, study: string, view: string) => ({
  id,
  study,
  view,
  image: id,
  patient: 'p',
  split: 'test' as const,
});
const rows: ScoredRows<'told' | 'uncalibrated'> = {
  samples: [sample('1', 's1', 'PA'), sample('2', 's1', 'LATERAL'), sample('3', 's2', 'AP')],
  targets: Float32Array.of(0, NaN, 1, NaN, NaN, 0),
  probabilities: {
    told: Float64Array.of(0.25, 0.5, 0.75, 1, 0, 0.5),
    uncalibrated: Float64Array.of(0.5, 0.5, 0.5, 0.5, 1, 1),
  },
};

describe('byStudy(rows, labels, views)', () => {
  it('leaves images as they are', () => expect(byStudy(rows, 2, 'image')).toBe(rows));
  it('puts the images of a study together: probabilities by the rule, a label present where any image has it', () => {
    const studies = byStudy(rows, 2, 'mean');
    expect(studies.samples.map(({ id, view }) => [id, view])).toEqual([
      ['s1', 'PA'],
      ['s2', 'AP'],
    ]);
    expect([...studies.targets]).toEqual([1, NaN, NaN, 0]);
    expect([...studies.probabilities.told]).toEqual([0.5, 0.75, 0, 0.5]);
    expect([...studies.probabilities.uncalibrated]).toEqual([0.5, 0.5, 1, 1]);
    expect([...byStudy(rows, 2, 'max').probabilities.told]).toEqual([0.75, 1, 0, 0.5]);
  });
});
