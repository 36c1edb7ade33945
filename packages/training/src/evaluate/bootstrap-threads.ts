import { columnOf, rankedValues, resampleRanking, type Predictions, type ResampleTask } from '@cxr-align/evaluation';
import type { ResampledMetric, ResampledRanking } from '@cxr-align/metrics';
import { startThreads, workerFile } from '../threads.js';

/**
 * Bootstrap resamples of patients for a model's ranking metrics, spread over threads; undefined for none.
 *
 * @param threads 1 computes them in this one.
 */
export async function rankingResamples(
  predictions: Predictions,
  resamples: number,
  threads: number,
): Promise<ResampledRanking | undefined> {
  const { labels, samples, targets } = predictions;
  if (resamples === 0 || samples.length === 0) return undefined;
  const columns = labels.map((_, i) => ({
    targets: columnOf(targets, labels.length, i),
    scores: columnOf(rankedValues(predictions), labels.length, i),
  }));
  const patients = samples.map(({ patient }) => patient);
  const count = Math.min(threads, resamples);
  if (count <= 1) return resampleRanking({ columns, patients, from: 0, resamples });
  const bounds = Array.from({ length: count + 1 }, (_, i) => Math.floor((i * resamples) / count));
  const pool = startThreads<ResampleTask, ResampledRanking>(workerFile(import.meta.url, 'bootstrap-worker'), count);
  try {
    const tasks = bounds.slice(1).map((end, i) => ({ columns, patients, from: bounds[i], resamples: end - bounds[i] }));
    const parts = await Promise.all(tasks.map((task) => pool.run(task)));
    return {
      auroc: joined(parts.map(({ auroc }) => auroc)),
      averagePrecision: joined(parts.map(({ averagePrecision }) => averagePrecision)),
    };
  } finally {
    await pool.stop();
  }
}

function joined(parts: readonly ResampledMetric[]): ResampledMetric {
  const join = (list: readonly Float64Array[]): Float64Array =>
    Float64Array.from(list.flatMap((values) => [...values]));
  return {
    byLabel: parts[0].byLabel.map((_, label) => join(parts.map(({ byLabel }) => byLabel[label]))),
    macro: join(parts.map(({ macro }) => macro)),
  };
}
