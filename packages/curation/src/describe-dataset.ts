import {
  applyPolicy,
  countTexts,
  datasetFacts,
  labelPolicies,
  type BadRow,
  type Dataset,
  type DatasetFacts,
  type Targets,
} from '@cxr-align/datasets';
import { violationRate, type LabelGraph } from '@cxr-align/label-graph';
import { clusteredProportion } from '@cxr-align/metrics';
import { ancestorIndices, graphFor, refuseUnknownOptions } from '@cxr-align/training';
import { type MaybeNumber, orNull } from '@cxr-align/evaluation';
import type { FileChecks } from './file-checks.js';
import type { ImageFacts } from './image-facts.js';
import { type ImageSummary, summarizeImages } from './image-summary.js';

type Outcome = Omit<Targets['counts'][number], 'label' | 'uncertain' | 'blank'>;

/** How often a label is present, among all images. */
export interface Prevalence {
  /** Uncertain and blank annotations count as not present. */
  proportion: MaybeNumber;
  /** 95 %, images of a patient counted together. */
  interval: [MaybeNumber, MaybeNumber];
  /** The number of independent images with the same variance. */
  effectiveSize: MaybeNumber;
}

/** For an edge of the hierarchy the annotations of the parent where the child is present. */
export interface EdgeAnnotations {
  child: string;
  parent: string;
  childPositive: number;
  parentWhenChildPositive: { 1: number; 0: number; '-1': number; blank: number };
}

/** Facts of a data set, before anything is trained on it: what `data describe --json` prints. */
export interface DatasetDescription extends DatasetFacts {
  name: string;
  format: string;
  reason: string;
  badRows: BadRow[];
  excluded: Dataset['excluded'];
  columns: Dataset['columns'];
  remarks: string[];
  prevalence: Record<string, Prevalence>;
  /** For each label policy the targets of each label. */
  policies: Record<string, Record<string, Outcome>>;
  graph: string;
  hierarchy: EdgeAnnotations[];
  /** Share of the known pairs of an edge in which the child is present and the parent absent. */
  labelViolations: MaybeNumber;
  /** Boxes that came with the tables, by label; null where there are none. */
  boxes: Record<string, number> | null;
  /** Null unless the images were checked, as `images`. */
  unreadableImages: string[] | null;
  images: ImageSummary | null;
  /** What the files show without reading their pixels; absent where only the table was described. */
  files?: FileChecks;
  /** Facts under the names that the set's own readers use, where the format has some. */
  [tableFact: string]: unknown;
}

/** What is described. */
export interface DescribeOptions {
  dataset: Dataset;
  /** The hierarchy of its labels; by its label names unless given. */
  graph?: LabelGraph;
  /** What `checkImages` found of its samples, in their order. */
  images?: readonly ImageFacts[] | null;
}

/**
 * Describes a data set: rows, patients, annotations, prevalences with intervals by patient, the targets of each label policy,
 * the hierarchy, and its images where they were checked.
 *
 * @throws {TypeError} for an unknown option.
 */
export function describeDataset(options: DescribeOptions): DatasetDescription {
  refuseUnknownOptions('curation/describeDataset', options, ['dataset', 'graph', 'images']);
  const { dataset, graph = graphFor('auto', dataset) } = options;
  const images = options.images ? summarizeImages(dataset.samples, options.images) : null;
  const { annotations, boxes } = dataset;
  const known = annotations.values.map((value) => (value === -1 ? NaN : value));
  return {
    name: dataset.name,
    format: dataset.format,
    reason: dataset.reason,
    badRows: dataset.badRows,
    excluded: dataset.excluded,
    columns: dataset.columns,
    remarks: dataset.remarks,
    ...datasetFacts(dataset),
    ...dataset.tableFacts,
    prevalence: prevalences(dataset),
    policies: policyOutcomes(dataset, graph),
    graph: graph.name,
    hierarchy: edgeAnnotations(dataset, graph),
    labelViolations: orNull(violationRate(known, graph)),
    boxes: boxes ? countTexts(boxes.map(({ label }) => label)) : null,
    unreadableImages: images && images.unreadable,
    images,
  };
}

/** The patient of each sample as a whole number. */
export function patientNumbers(samples: Dataset['samples']): Int32Array {
  const numbers = new Map<string, number>();
  return Int32Array.from(samples, ({ patient }) => {
    const number = numbers.get(patient) ?? numbers.size;
    numbers.set(patient, number);
    return number;
  });
}

function prevalences({ annotations: { labels, values }, samples }: Dataset): Record<string, Prevalence> {
  const patients = patientNumbers(samples);
  return Object.fromEntries(
    labels.map((label, i) => {
      const present = samples.map((_, row) => (values[row * labels.length + i] === 1 ? 1 : 0));
      const { proportion, interval, effectiveSize } = clusteredProportion(present, patients);
      return [
        label,
        {
          proportion: orNull(proportion),
          interval: [orNull(interval[0]), orNull(interval[1])],
          effectiveSize: orNull(effectiveSize),
        },
      ];
    }),
  );
}

/** The targets of each label by each policy. Policies that need an earlier model are excluded. */
function policyOutcomes({ annotations }: Dataset, graph: LabelGraph): Record<string, Record<string, Outcome>> {
  const ancestors = ancestorIndices(graph);
  const known = Object.entries(labelPolicies).filter(([, { uncertain }]) => uncertain !== 'estimate');
  return Object.fromEntries(
    known.map(([name, policy]) => [
      name,
      Object.fromEntries(
        applyPolicy(annotations, policy, { ancestors }).counts.map(
          ({ label, uncertain: _uncertain, blank: _blank, ...outcome }) => [label, outcome],
        ),
      ),
    ]),
  );
}

function edgeAnnotations({ annotations: { labels, values }, samples }: Dataset, graph: LabelGraph): EdgeAnnotations[] {
  return graph.labelEdges().map(({ parent, child }) => {
    const [above, below] = [labels.indexOf(parent), labels.indexOf(child)];
    const counts = { 1: 0, 0: 0, '-1': 0, blank: 0 };
    let childPositive = 0;
    for (let row = 0; row < samples.length; row++) {
      if (values[row * labels.length + below] !== 1) continue;
      childPositive++;
      const value = values[row * labels.length + above];
      counts[Number.isNaN(value) ? 'blank' : (value as 1 | 0 | -1)]++;
    }
    return { child, parent, childPositive, parentWhenChildPositive: counts };
  });
}
