import { roundedLabels } from '../../src/predictions/prediction-record.js';

describe('roundedLabels(labels)', () => {
  it('rounds to six digits and leaves the decision', () => {
    const label = { probability: 1 / 3, score: 2 / 3, threshold: 0.66666667, positive: true };
    expect(roundedLabels({ Edema: label })).toEqual({
      Edema: { probability: 0.333333, score: 0.666667, threshold: 0.666667, positive: true },
    });
  });
});
