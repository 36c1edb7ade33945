import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RandomStream } from '@cxr-align/random';
import { type Predictions, evaluate } from '@cxr-align/evaluation';
import { rankingResamples } from '../src/evaluate/bootstrap-threads.js';
import { readPredictions, writePredictions } from '../src/evaluate/predictions-file.js';

const labels = ['Edema', 'Fracture', '<script>'];
/** Predictions whose quality is `skill`; the last label has one class only. */
function made(skill: number, seed = 1): Predictions {
  const truth = new RandomStream({ seed: 9, purpose: 'truth' });
  const noise = new RandomStream({ seed, purpose: 'noise' });
  const count = 120;
  const targets = new Float32Array(count * 3);
  const probabilities = targets.map((_, at) => {
    const label = at % 3;
    targets[at] = label === 2 ? 0 : truth.chance(0.3) ? 1 : 0;
    return 1 / (1 + Math.exp(-(skill * (2 * targets[at] - 1) + noise.normal())));
  });
  targets[1] = NaN;
  return {
    labels,
    targets,
    probabilities: Float64Array.from(probabilities),
    samples: Array.from({ length: count }, (_, i) => ({ id: `s${i}`, patient: `p${i >> 1}`, split: 'test' })),
  };
}

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
