import { bootstrapRanking, clusterRows, RankedScores, type ResampledRanking } from '@cxr-align/metrics';

/** The input of a worker thread: columns by label, the patients, and which resamples are its own. */
export interface ResampleTask {
  columns: { targets: Float64Array; scores: Float64Array }[];
  patients: readonly string[];
  /** Number of its first resample. */
  from: number;
  /** How many it computes. */
  resamples: number;
}

/** The resamples of a task; each depends on its number alone, so it does not matter which thread computes it. */
export function resampleRanking({ columns, patients, from, resamples }: ResampleTask): ResampledRanking {
  const ranked = columns.map(({ targets, scores }) => new RankedScores(targets, scores));
  return bootstrapRanking(ranked, clusterRows(patients), { resamples, from });
}
