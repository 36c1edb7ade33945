import type { Dataset } from '@cxr-align/datasets';
import { InputError } from '@cxr-align/files';
import { determiningLabels, mapAnnotations, mapLabels, type LabelGraph } from '@cxr-align/label-graph';
import { writeLabelGraph } from '@cxr-align/label-graph/formats';
import { graphFor, refuseUnknownOptions } from '@cxr-align/training';

/** The labels of a set that was merged. */
export interface MergedPart {
  name: string;
  images: number;
  /** Labels of the target that its own determine; the others are unknown for its images. */
  determined: string[];
  /** Its labels that determine none of the target. */
  unused: string[];
}

/**
 * Merges data sets in one label space: a label that a set does not determine is unknown for its images. Images, patients and
 * studies are named after their set, so that equal names of two sets stay apart.
 *
 * @param options `graph`: the labels of the merged set.
 * @throws {InputError} for fewer than two sets, two of one name, or one that determines none of the labels.
 * @throws {TypeError} for an unknown option.
 */
export function mergeDatasets(options: { datasets: readonly Dataset[]; graph: LabelGraph }): {
  dataset: Dataset;
  parts: MergedPart[];
} {
  refuseUnknownOptions('curation/mergeDatasets', options, ['datasets', 'graph']);
  const { datasets, graph: target } = options;
  if (datasets.length < 2) throw new InputError(`expected two or more data sets, got ${datasets.length}; pass more`);
  const names = datasets.map(({ name }) => name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined)
    throw new InputError(`expected sets of different names, got ${twice} twice; rename one of their folders`);
  const mapped = datasets.map((dataset) => mapDataset(dataset, target));
  const size = mapped.reduce((sum, { values }) => sum + values.length, 0);
  const [values, notLabelled] = [new Float32Array(size), new Uint8Array(size)];
  mapped.reduce((at, one) => {
    values.set(one.values, at);
    notLabelled.set(one.notLabelled, at);
    return at + one.values.length;
  }, 0);
  return {
    dataset: {
      name: names.join('+'),
      format: 'merged',
      reason: '',
      hierarchy: { file: 'graph.yaml', text: writeLabelGraph(target, 'json') },
      samples: datasets.flatMap(renamedSamples),
      annotations: { labels: target.labels, values, ...(notLabelled.includes(1) && { notLabelled }) },
      badRows: [],
      excluded: [],
      columns: { used: {}, unused: [] },
      remarks: datasets.flatMap(({ name, remarks }) => remarks.map((remark) => `${name}: ${remark}`)),
      hasOwnSplits: datasets.every(({ hasOwnSplits }) => hasOwnSplits),
    },
    parts: mapped.map(({ part }) => part),
  };
}

/** Samples whose ids, patients and studies are named after their set. */
function renamedSamples({ name, samples }: Dataset): Dataset['samples'] {
  return samples.map((sample) => ({
    ...sample,
    id: `${name}/${sample.id}`,
    patient: `${name}/${sample.patient}`,
    study: `${name}/${sample.study}`,
  }));
}

/** The annotations of a set in the labels of the target, and where the set does not label at all. */
function mapDataset(
  dataset: Dataset,
  target: LabelGraph,
): { part: MergedPart; values: Float32Array; notLabelled: Uint8Array } {
  const { name, samples, annotations } = dataset;
  const { labels } = annotations;
  const crosswalk = mapLabels(graphFor('auto', dataset), target);
  const determined = target.labels.filter((label) => determiningLabels(crosswalk[label]) !== null);
  if (determined.length === 0)
    throw new InputError(
      `expected labels that determine some of ${target.labels.join(', ')}, got ${labels.join(', ')} in ${name}; add their names as synonyms in a label graph`,
    );
  const used = new Set(Object.values(crosswalk).flatMap(({ from }) => from.map(({ label }) => label)));
  const columns = target.labels.map((label) => {
    const sources = determiningLabels(crosswalk[label]);
    return sources?.relation === 'same' ? labels.indexOf(sources.labels[0]) : -1;
  });
  const { values } = mapAnnotations(annotations.values, labels, crosswalk);
  const notLabelled = Uint8Array.from(values, (value, at) => {
    const column = columns[at % columns.length];
    const row = Math.floor(at / columns.length);
    // A blank of a label that the set has itself is one that it does not mention.
    const isMentionable = column >= 0 && !annotations.notLabelled?.[row * labels.length + column];
    return Number.isNaN(value) && !isMentionable ? 1 : 0;
  });
  const unused = labels.filter((label) => !used.has(label));
  return { part: { name, images: samples.length, determined, unused }, values, notLabelled };
}
