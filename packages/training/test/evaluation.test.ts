import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { evaluate } from '@cxr-align/evaluation';
import { madeUpPredictions as made } from '@cxr-align/testkit';
import { rankingResamples } from '../src/evaluate/bootstrap-threads.js';
import { readPredictions, writePredictions } from '../src/evaluate/predictions-file.js';

describe('rankingResamples(predictions, resamples, threads)', () => {
  it('gives the intervals that evaluate computes itself', async () => {
    const options = { data: 'made up', split: 'test', thresholds: [0.5, NaN, 0.5], resamples: 200 };
    const bootstrap = await rankingResamples(made(1), 200, 1);
    expect(evaluate(made(1), { ...options, bootstrap })).toEqual(evaluate(made(1), options));
  });
});

describe('predictions.parquet', () => {
  it('comes back as it was written, unknown targets too', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'predictions-'));
    const predictions = made(1);
    writePredictions(folder, predictions);
    expect(await readPredictions(folder)).toEqual(predictions);
    await expect(readPredictions('/nowhere')).rejects.toThrow('/nowhere: expected a run');
  });
  it('keeps scores whose order probabilities have lost, and only those', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'predictions-'));
    const predictions = made(1);
    const saturated = {
      ...predictions,
      scores: predictions.probabilities.map((p) => 98 + p),
      probabilities: predictions.probabilities.map(() => 1),
    };
    writePredictions(folder, saturated);
    expect(await readPredictions(folder)).toEqual(saturated);
    writePredictions(folder, { ...predictions, scores: predictions.probabilities.map((p) => 2 * p) });
    expect(await readPredictions(folder)).toEqual(predictions);
  });
});
