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
import { ancestorIndices } from '../labels/label-knowledge.js';
import { orNull } from '../maybe-number.js';
import type { MaybeNumber } from '../evaluation/evaluation-schema.js';
import type { ImageSummary } from './image-summary.js';

type Outcome = Omit<Targets['counts'][number], 'label' | 'uncertainCells' | 'blankCells'>;

/** How often a label is present, among all images. */
export interface Prevalence {
  /** Uncertain and blank cells count as not present. */
  proportion: MaybeNumber;
  /** 95 %, images of a patient counted together. */
  interval: [MaybeNumber, MaybeNumber];
  /** How many independent images would tell as much. */
  effectiveSize: MaybeNumber;
}

/** For an edge of the hierarchy what the parent's cell says where the child is present. */
export interface EdgeCells {
  child: string;
  parent: string;
  childPositive: number;
  parentWhenChildPositive: { 1: number; 0: number; '-1': number; blank: number };
}

/** What is known of a data set before anything is trained on it: what `data describe --json` prints. */
export interface DataDescription extends DatasetFacts {
  name: string;
  format: string;
  reason: string;
  badRows: BadRow[];
  leftOut: Dataset['leftOut'];
  prevalence: Record<string, Prevalence>;
  /** What each label policy makes of each label. */
  policies: Record<string, Record<string, Outcome>>;
  graph: string;
  hierarchy: EdgeCells[];
  /** Share of the known pairs of an edge in which the child is present and the parent absent. */
  labelViolations: MaybeNumber;
  /** Boxes that came with the tables, by label; null where there are none. */
  boxes: Record<string, number> | null;
  /** null unless the images were looked at, as `images`. */
  unreadableImages: string[] | null;
  images: ImageSummary | null;
  /** Facts under the names that the set's own readers use, where the format has some. */
  [tableFact: string]: unknown;
}

/** Describes a data set. */
export function describeData(dataset: Dataset, graph: LabelGraph, images: ImageSummary | null): DataDescription {
  const { cells, boxes } = dataset;
  const known = cells.map((cell) => (cell === -1 ? NaN : cell));
  return {
    name: dataset.name,
    format: dataset.format,
    reason: dataset.reason,
    badRows: dataset.badRows,
    leftOut: dataset.leftOut,
    ...datasetFacts(dataset),
    ...dataset.tableFacts,
    prevalence: prevalences(dataset),
    policies: policyOutcomes(dataset, graph),
    graph: graph.name,
    hierarchy: edgeCells(dataset, graph),
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

function prevalences({ labels, cells, samples }: Dataset): Record<string, Prevalence> {
  const patients = patientNumbers(samples);
  return Object.fromEntries(
    labels.map((label, i) => {
      const present = samples.map((_, row) => (cells[row * labels.length + i] === 1 ? 1 : 0));
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

/** What each policy makes of each label. Policies that need an earlier model are left out. */
function policyOutcomes(
  { cells, labels, notLabelled }: Dataset,
  graph: LabelGraph,
): Record<string, Record<string, Outcome>> {
  const ancestors = ancestorIndices(graph);
  const known = Object.entries(labelPolicies).filter(([, { uncertain }]) => uncertain !== 'estimate');
  return Object.fromEntries(
    known.map(([name, policy]) => [
      name,
      Object.fromEntries(
        applyPolicy(cells, labels, policy, { ancestors, notLabelled }).counts.map(
          ({ label, uncertainCells: _uncertain, blankCells: _blank, ...outcome }) => [label, outcome],
        ),
      ),
    ]),
  );
}

function edgeCells({ cells, labels, samples }: Dataset, graph: LabelGraph): EdgeCells[] {
  return graph.labelEdges().map(({ parent, child }) => {
    const [above, below] = [labels.indexOf(parent), labels.indexOf(child)];
    const said = { 1: 0, 0: 0, '-1': 0, blank: 0 };
    let childPositive = 0;
    for (let row = 0; row < samples.length; row++) {
      if (cells[row * labels.length + below] !== 1) continue;
      childPositive++;
      const cell = cells[row * labels.length + above];
      said[Number.isNaN(cell) ? 'blank' : (cell as 1 | 0 | -1)]++;
    }
    return { child, parent, childPositive, parentWhenChildPositive: said };
  });
}
