import { evaluateScores } from '../src/evaluate-scores.js';
import { repeatedScores } from '../src/repeated-scores.js';
import { shotText, summarizeShots } from '../src/shot-summary.js';
import { madeUpPredictions as made } from '@cxr-align/testkit';

const runs = [1, 2, 3].map((draw) => {
  const predictions = made(1, draw);
  const { labels, targets, probabilities: scores } = predictions;
  const { evaluation } = evaluateScores({ name: 'made up', labels, targets, scores, resamples: 0 });
  return { draw, folder: `draw-${draw}`, images: 10 + draw, patients: 10, evaluation, predictions };
});
const summary = summarizeShots(runs, {
  shots: 2,
  seed: 4,
  resamples: 30,
  trained: { Edema: { positives: 2, negatives: 2 }, Fracture: { positives: 1, negatives: 2 } },
  remarks: ['Fracture: 1 training image with it, fewer than 2: all are used'],
});

describe('summarizeShots(runs, options)', () => {
  it('has the scores over the draws of each label and of the mean, with intervals', () => {
    const scores = repeatedScores(
      runs.map(({ predictions }) => predictions),
      { resamples: 30, seed: 4 },
    );
    expect(summary.macro.auroc).toEqual(scores.macro);
    expect(summary.labels.Edema.auroc).toEqual(scores.labels.Edema);
    expect(summary.macro.auroc.byRepeat).toEqual(summary.draws.map(({ auroc }) => auroc));
    expect(summary.labels['<script>'].trained).toEqual({ positives: 0, negatives: 0 });
    expect(summary.undefinedLabels).toEqual(['<script>']);
    expect(() => summarizeShots([], { ...summary, resamples: 0, trained: {} })).toThrow('expected one or more runs');
  });
  it('is printed in 80 columns', () => {
    const text = shotText(summary);
    expect(text).toMatch(/^Fracture +1 \+ 2 +\d+\/119 +0\.\d{3} +± 0\.\d{3} +\[0\.\d{3}, 0\.\d{3}\]/m);
    expect(text).toContain('trained on 11 to 13 images a draw; 2 + 2 training images with and without each label');
    expect(text).toContain('excluded, since all images are of one class: <script>');
    expect(text).toContain('Fracture: 1 training image with it, fewer than 2: all are used');
    for (const line of text.slice(0, text.indexOf('\n\n')).split('\n')) expect(line.length).toBeLessThanOrEqual(80);
  });
});
