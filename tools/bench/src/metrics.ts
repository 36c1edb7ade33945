import { spawnSync } from 'node:child_process';
import { bootstrapModels, clusterRows, RankedScores } from '@cxr-align/metrics';
import { RandomStream } from '@cxr-align/random';
import { median, pythons, pythonScript } from './run-program.js';

/** What was measured; times in milliseconds on one core. */
export interface MetricTimings {
  rows: number;
  labels: number;
  patients: number;
  /** AUROC and average precision of all labels, sorting included. */
  points: number;
  /** 1,000 resamples by patient of the macro AUROC of two models, sorting included. */
  bootstrap: number;
  /** The same of scikit-learn and numpy; its bootstrap is timed over a few resamples and scaled up. */
  sklearn: { points: number; bootstrap: number } | null;
}

const resamples = 1000;

/** Times the metrics at the size of NIH's test set. */
export function benchMetrics({ rows = 25_596, labels = 14, patients = 2797 } = {}): MetricTimings {
  const random = new RandomStream({ seed: 0, purpose: 'bench/metrics' });
  const columns = Array.from({ length: labels }, () => {
    const targets = Float64Array.from({ length: rows }, () => (random.chance(0.05) ? 1 : 0));
    const scores = () => targets.map((target) => random.normal() + target);
    return { targets, a: scores(), b: scores() };
  });
  const clusters = clusterRows(Float64Array.from({ length: rows }, () => random.integer(patients)));
  const rank = (model: 'a' | 'b'): RankedScores[] =>
    columns.map(({ targets, [model]: s }) => new RankedScores(targets, s));
  const time = (work: () => unknown): number => {
    const began = performance.now();
    work();
    return performance.now() - began;
  };
  const points = Array.from({ length: 9 }, () => time(() => rank('a').map((ranked) => ranked.measure())));
  const bootstrap = time(() => bootstrapModels([rank('a'), rank('b')], clusters, { resamples }));
  return { rows, labels, patients, points: median(points), bootstrap, sklearn: timeSklearn(rows, labels, patients) };
}

function timeSklearn(rows: number, labels: number, patients: number): MetricTimings['sklearn'] {
  const script = pythonScript('sklearn_metrics.py');
  const few = 10;
  for (const python of pythons()) {
    const { status, stdout } = spawnSync(python, [script, ...[rows, labels, patients, few].map(String)], {
      encoding: 'utf8',
      env: { ...process.env, OMP_NUM_THREADS: '1', OPENBLAS_NUM_THREADS: '1' },
    });
    if (status !== 0) continue;
    const found = JSON.parse(stdout) as { points: number; bootstrapDraw: number };
    return { points: found.points, bootstrap: found.bootstrapDraw * resamples };
  }
  return null;
}

/** The timings for people. */
export function metricText({ rows, labels, patients, points, bootstrap, sklearn }: MetricTimings): string {
  const against = (own: number, other: number | undefined): string =>
    other === undefined ? '' : `; scikit-learn ${other.toFixed(0)} ms, ${(other / own).toFixed(1)} times as long`;
  return [
    `${rows} rows, ${labels} labels, ${patients} patients, one core`,
    `AUROC and average precision of all labels: ${points.toFixed(1)} ms${against(points, sklearn?.points)}`,
    `${resamples} resamples by patient, macro AUROC and average precision of two models: ${bootstrap.toFixed(0)} ms${against(bootstrap, sklearn?.bootstrap)}${sklearn ? ' (timed over a few resamples and scaled up)' : ''}`,
    ...(sklearn ? [] : ['scikit-learn: not timed (no python3 with sklearn)']),
  ].join('\n');
}
