import type { StoredModel } from '../store/stored-model.js';
import type { ZeroShotLabels } from '../texts/zero-shot-labels.js';

/** What belongs to the labels of a model. */
type LabelFacts = Pick<StoredModel, 'graph' | 'thresholds' | 'calibrations' | 'metadata'> & {
  prevalence: number[] | null;
};

/** The labels that a model predicts: zero-shot ones have no threshold, calibration or prevalence. */
export function predictedLabels(stored: StoredModel, zeroShot: ZeroShotLabels | undefined): LabelFacts {
  const { graph, thresholds, calibrations, prevalence, metadata } = stored;
  if (!zeroShot) return { graph, thresholds, calibrations, prevalence, metadata };
  const more = zeroShot.graph.labels.slice(graph.labels.length);
  return {
    graph: zeroShot.graph,
    thresholds: [...thresholds, ...more.map(() => NaN)],
    calibrations: [
      ...calibrations,
      ...more.map(() => ({ calibration: { kind: 'none' as const }, conformal: null, operating: {}, prior: null })),
    ],
    prevalence: null,
    metadata: null,
  };
}
