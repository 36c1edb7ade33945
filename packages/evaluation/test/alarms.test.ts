import { alarmLines } from '../src/alarms.js';
import { evaluate } from '../src/evaluation.js';
import { thresholdText } from '../src/maybe-number.js';
import { LabelGraph } from '@cxr-align/label-graph';
import { evaluateScores } from '../src/evaluate-scores.js';

// 20 films with and 80 without: at 0.5 18 of 20 found, 8 of 80 called.
const targets = Array.from({ length: 100 }, (_, i) => Number(i < 20));
const scores = targets.map((target, i) => (target ? (i < 18 ? 0.9 : 0.1) : i < 28 ? 0.8 : 0.2));

describe('thresholdText(threshold)', () => {
  it('has three digits after the point, and of a small threshold those that it has', () => {
    expect([0.25, 0, 0.00041234, null].map(thresholdText)).toEqual(['0.250', '0.000', '0.00041', null]);
  });
});

describe('alarmLines(evaluation, options)', () => {
  it('tells how many of a day are found and how many alarms are false, at the prevalence in use', () => {
    const table = { scores, targets, labels: ['Edema'], resamples: 0 };
    const at = (share?: number) =>
      evaluateScores({ ...table, ...(share !== undefined && { prevalenceInUse: { Edema: share } }) }).evaluation;
    expect(alarmLines(at(0.02), { filmsPerDay: 150 })).toEqual([
      // 3 films with × 0.9, 147 without × 0.1.
      expect.stringMatching(
        /^Edema at 2 % prevalence, 150 films a day, threshold 0\.500: 2\.7 of 3\.0 found, 15 \[\d+(\.\d)?, \d+\] false alarms$/,
      ),
    ]);
    const recorded = evaluateScores({ ...table, filmsPerDay: 40 }).evaluation;
    expect(recorded.filmsPerDay).toBe(40);
    expect(alarmLines(recorded)[0]).toContain(
      '20 % prevalence, 40 films a day, threshold 0.500: 7.2 of 8.0 found, 3.2',
    );
    expect(() => evaluateScores({ ...table, filmsPerDay: 0 })).toThrow(
      'expected the films a day to be a number above 0, got 0',
    );
    expect(alarmLines(at(), {})[0]).toContain('20 % prevalence, 100 films a day, threshold 0.500: 18 of 20 found, 8.0');
  });
  it('counts what was decided where the label graph changed that', () => {
    const graph = new LabelGraph({
      name: 'two',
      labels: [{ name: 'Opacity' }, { name: 'Edema', parents: ['Opacity'] }],
    });
    const both = targets.flatMap((target) => [target, target]);
    // Opacity itself reaches its threshold nowhere; Edema, below it, does.
    const probabilities = Float64Array.from(scores.flatMap((score) => [0.3, score]));
    const evaluation = evaluate(
      {
        ...{ labels: graph.labels, targets: Float32Array.from(both), probabilities },
        samples: targets.map((_, i) => ({ id: String(i), patient: String(i), split: 'test' })),
      },
      { data: 'made', split: 'test', thresholds: [0.5, 0.5], graph, resamples: 0 },
    );
    expect(alarmLines(evaluation)[0]).toBe(
      'Opacity at 20 % prevalence, 100 films a day, threshold 0.500: 18 of 20 found, 8.0 false alarms',
    );
  });
  it('says nothing of a label with one class', () => {
    const { evaluation } = evaluateScores({ scores: [0.1, 0.2], targets: [0, 0], labels: ['Edema'], resamples: 0 });
    expect(alarmLines(evaluation, {})).toEqual([]);
  });
});
