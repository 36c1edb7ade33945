import { selectSamples } from '@cxr-align/datasets';
import type { KnownTargets } from '@cxr-align/evaluation/score-files';
import { checkConfig } from '../config/config.js';
import { samplesIn, chooseSplit, type OpenedDataset } from '../inputs/prepare-data.js';
import { graphFor } from '../labels/label-graph-choice.js';
import { truthOf } from '../labels/targets.js';
import { silentProgress } from '../progress.js';

/**
 * The targets of a data set by its sample names, for scores of another program: as a run with the default label policy is scored.
 *
 * @throws {InputError} if it has no such split.
 */
export function datasetTargets(
  opened: OpenedDataset,
  { split, graph: choice = 'auto' }: { split?: string; graph?: string } = {},
): KnownTargets {
  const wanted = split === undefined ? undefined : chooseSplit(split, opened, silentProgress);
  const dataset =
    wanted === undefined ? opened.dataset : selectSamples(opened.dataset, samplesIn(opened.dataset, wanted));
  const graph = graphFor(choice, dataset);
  return {
    name: wanted === undefined ? dataset.name : `${dataset.name}, split ${wanted}`,
    labels: graph.labels,
    samples: dataset.samples.map(({ id }) => id),
    patients: dataset.samples.map(({ patient }) => patient),
    targets: truthOf(dataset, checkConfig({}, 'scores'), graph),
  };
}
