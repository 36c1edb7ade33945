import { aggregateStudies, type StudyRule } from '@cxr-align/metrics';
import type { Sample } from '@cxr-align/datasets';

/** How images are scored: each on its own, or those of a study together. */
export type Views = 'image' | StudyRule;

/** The names of {@link Views}. */
export const viewRules = ['image', 'mean', 'max', 'logit-mean'] as const satisfies readonly Views[];

/** What is scored, row by row; probabilities in as many versions as there are. */
export interface ScoredRows<Version extends string> {
  samples: readonly Sample[];
  /** [rows, labels] row by row: 1, 0, NaN. */
  targets: Float32Array;
  probabilities: Record<Version, Float64Array>;
}

/**
 * Rows of images as rows of studies: probabilities by the rule, a label present where any image of the study has it, absent
 * where one has it absent and none present. A study goes by its own name and has the attributes of its first image.
 */
export function byStudy<Version extends string>(
  rows: ScoredRows<Version>,
  labels: number,
  views: Views,
): ScoredRows<Version> {
  if (views === 'image') return rows;
  const ids = rows.samples.map(({ study }) => study);
  const versions = Object.entries<Float64Array>(rows.probabilities).map(
    ([version, probabilities]) => [version, aggregateStudies(probabilities, ids, views)] as const,
  );
  const [[, { studies, rows: images }]] = versions;
  const targets = new Float32Array(studies.length * labels).fill(NaN);
  images.forEach((own, study) => {
    for (let label = 0; label < labels; label++) {
      const known = own.map((image) => rows.targets[image * labels + label]).filter((target) => !Number.isNaN(target));
      if (known.length > 0) targets[study * labels + label] = known.reduce((most, target) => Math.max(most, target));
    }
  });
  return {
    samples: images.map(([first], study) => ({ ...rows.samples[first], id: studies[study] })),
    targets,
    probabilities: Object.fromEntries(versions.map(([version, { scores }]) => [version, scores])) as Record<
      Version,
      Float64Array
    >,
  };
}
