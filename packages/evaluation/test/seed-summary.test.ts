import { seedText, spreadOf, summarizeSeeds } from '../src/seed-summary.js';
import { evaluateScores } from '../src/evaluate-scores.js';
import { madeUpPredictions as made } from '@cxr-align/testkit';

const evaluationOf = (seed: number) => {
  const { labels, targets, probabilities: scores } = made(1, seed);
  return evaluateScores({ name: 'made up', labels, targets, scores, resamples: 0 }).evaluation;
};

describe('spreadOf(values)', () => {
  it('is the mean, the sample standard deviation and the range of what is defined', () => {
    expect(spreadOf([1, 2, 6])).toEqual({ mean: 3, sd: Math.sqrt(7), range: [1, 6], bySeed: [1, 2, 6] });
    expect(spreadOf([1])).toEqual({ mean: 1, sd: null, range: [1, 1], bySeed: [1] });
    expect(spreadOf([null, null])).toEqual({ mean: null, sd: null, range: [null, null], bySeed: [null, null] });
  });
});

describe('summarizeSeeds(runs)', () => {
  const runs = [1, 2, 3].map((seed) => ({
    seed,
    folder: `seed-${seed}`,
    bestEpoch: seed,
    validation: 0.5,
    evaluation: evaluationOf(seed),
  }));
  const summary = summarizeSeeds(runs);
  it('has the spread of each label and of the mean, and names what that leaves out', () => {
    expect(summary.labels.Edema.auroc.bySeed).toEqual(runs.map(({ evaluation }) => evaluation.labels.Edema.auroc));
    expect(summary.macro.auroc.sd).toBeGreaterThan(0);
    expect(summary.identity).toBeNull();
    const identity = { version: 'v', model: 'm', data: 'd', engine: 'e', thresholds: 't' };
    const named = summarizeSeeds(runs.map((run) => ({ ...run, evaluation: { ...run.evaluation, identity } })));
    expect(named.identity).toEqual({ version: 'v', data: 'd', engine: 'e', thresholds: 't' });
    expect(named.runs.map(({ model }) => model)).toEqual(['m', 'm', 'm']);
    expect(summary.undefinedLabels).toEqual(['<script>']);
    expect(() => summarizeSeeds([])).toThrow('expected one or more runs');
  });
  it('is printed in 80 columns', () => {
    const text = seedText(summary);
    expect(text).toMatch(/^Edema .* 0\.\d{3} +± 0\.\d{3} +0\.\d{3}–0\.\d{3}/m);
    expect(text).toContain('excluded, since all images are of one class: <script>');
    for (const line of text.slice(0, text.indexOf('\n\n')).split('\n')) expect(line.length).toBeLessThanOrEqual(80);
  });
});
