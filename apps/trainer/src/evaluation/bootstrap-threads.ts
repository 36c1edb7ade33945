import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import {
  bootstrapRanking,
  clusterRows,
  RankedScores,
  type BootstrapDraws,
  type RankingDraws,
} from '@cxr-align/metrics';
import { columnOf, type Predictions } from './predictions.js';

/** What a thread is given: columns by label, the patients, and which draws are its own. */
export interface DrawTask {
  columns: { targets: Float64Array; scores: Float64Array }[];
  patients: readonly string[];
  from: number;
  draws: number;
}

/** The draws of a task; a draw depends on its number alone, so it does not matter who makes it. */
export function makeDraws({ columns, patients, from, draws }: DrawTask): RankingDraws {
  const ranked = columns.map(({ targets, scores }) => new RankedScores(targets, scores));
  return bootstrapRanking(ranked, clusterRows(patients), { draws, from });
}

/**
 * Bootstrap draws by patient of a model's ranking metrics, spread over threads; undefined for none.
 *
 * @param threads 1 draws in this one.
 */
export async function rankingDraws(
  { labels, samples, targets, probabilities }: Predictions,
  draws: number,
  threads: number,
): Promise<RankingDraws | undefined> {
  if (draws === 0 || samples.length === 0) return undefined;
  const columns = labels.map((_, i) => ({
    targets: columnOf(targets, labels.length, i),
    scores: columnOf(probabilities, labels.length, i),
  }));
  const patients = samples.map(({ patient }) => patient);
  const worker = fileURLToPath(new URL('./bootstrap-worker.js', import.meta.url));
  const count = Math.min(threads, draws);
  // The worker is built beside the command; sources that run as they are have none.
  if (count <= 1 || !existsSync(worker)) return makeDraws({ columns, patients, from: 0, draws });
  const bounds = Array.from({ length: count + 1 }, (_, i) => Math.floor((i * draws) / count));
  const parts = await Promise.all(
    bounds.slice(1).map((end, i) => runTask(worker, { columns, patients, from: bounds[i], draws: end - bounds[i] })),
  );
  return {
    auroc: joined(parts.map(({ auroc }) => auroc)),
    averagePrecision: joined(parts.map(({ averagePrecision }) => averagePrecision)),
  };
}

function runTask(file: string, task: DrawTask): Promise<RankingDraws> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(file, { workerData: task });
    worker.once('message', resolve);
    worker.once('error', reject);
  });
}

function joined(parts: readonly BootstrapDraws[]): BootstrapDraws {
  const join = (list: readonly Float64Array[]): Float64Array =>
    Float64Array.from(list.flatMap((values) => [...values]));
  return {
    byLabel: parts[0].byLabel.map((_, label) => join(parts.map(({ byLabel }) => byLabel[label]))),
    macro: join(parts.map(({ macro }) => macro)),
  };
}
