import type { Dataset } from '@cxr-align/datasets';
import { InputError } from '@cxr-align/files';
import { givingLabels, mapCells, mapLabels, writeLabelGraph, type LabelGraph } from '@cxr-align/label-graph';
import { graphFor } from '../labels/label-knowledge.js';

/** What became of the labels of a set that was merged. */
export interface MergedPart {
  name: string;
  images: number;
  /** Labels of the target that it tells; the others are not known for its images. */
  told: string[];
  /** Its labels that tell nothing of the target. */
  unused: string[];
}

/**
 * Puts data sets together in one label space: a label that a set does not tell is not known for its images.
 * Images, patients and studies are named after their set, so that equal names of two sets stay apart.
 *
 * @throws {InputError} if two sets have the same name, or if one tells none of the labels.
 */
export function mergeData(datasets: readonly Dataset[], target: LabelGraph): { dataset: Dataset; parts: MergedPart[] } {
  const names = datasets.map(({ name }) => name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined)
    throw new InputError(`expected sets of different names, got ${twice} twice; rename one of their folders`);
  const parts: MergedPart[] = [];
  const samples: Dataset['samples'] = [];
  const count = target.labels.length;
  const size = datasets.reduce((sum, dataset) => sum + dataset.samples.length, 0) * count;
  const cells = new Float32Array(size);
  const notLabelled = new Uint8Array(size);
  for (const dataset of datasets) {
    const crosswalk = mapLabels(graphFor('auto', dataset), target);
    const told = target.labels.filter((label) => givingLabels(crosswalk[label]) !== null);
    if (told.length === 0)
      throw new InputError(
        `expected labels that tell some of ${target.labels.join(', ')}, got ${dataset.labels.join(', ')} in ${dataset.name}; say what they mean by synonyms in a label graph`,
      );
    const used = new Set(Object.values(crosswalk).flatMap(({ from }) => from.map(({ label }) => label)));
    parts.push({
      name: dataset.name,
      images: dataset.samples.length,
      told,
      unused: dataset.labels.filter((label) => !used.has(label)),
    });
    const mapped = mapCells(dataset.cells, dataset.labels, crosswalk).values;
    const own = target.labels.map((label) => {
      const giving = givingLabels(crosswalk[label]);
      return giving?.relation === 'same' ? dataset.labels.indexOf(giving.labels[0]) : -1;
    });
    const from = samples.length * count;
    mapped.forEach((cell, at) => {
      cells[from + at] = cell;
      const column = own[at % count];
      // A blank of a label that the set has itself is one that it does not mention.
      const isMentionable =
        column >= 0 && !dataset.notLabelled?.[Math.floor(at / count) * dataset.labels.length + column];
      if (Number.isNaN(cell) && !isMentionable) notLabelled[from + at] = 1;
    });
    const named = (text: string): string => `${dataset.name}/${text}`;
    for (const sample of dataset.samples)
      samples.push({
        ...sample,
        id: named(sample.id),
        patient: named(sample.patient),
        study: named(sample.study),
      });
  }
  return {
    dataset: {
      name: names.join('+'),
      format: 'merged',
      reason: '',
      labels: target.labels,
      hierarchy: { file: 'graph.yaml', text: writeLabelGraph(target, 'json') },
      samples,
      cells,
      ...(notLabelled.includes(1) && { notLabelled }),
      badRows: [],
      leftOut: [],
      hasOwnSplits: datasets.every(({ hasOwnSplits }) => hasOwnSplits),
    },
    parts,
  };
}
