import type { Dataset } from '@cxr-align/datasets';
import { InputError } from '@cxr-align/files';
import {
  fitToColumns,
  givingColumns,
  givingLabels,
  mapLabels,
  matchColumns,
  type Crosswalk,
  type LabelGraph,
} from '@cxr-align/label-graph';
import type { LabelMapping } from '../evaluation/evaluation-schema.js';
import { graphFor } from './label-knowledge.js';

/** The labels that a model is evaluated in: those of the data, as far as the model can tell them. */
export interface EvaluatedLabels {
  /** The data's label graph, of the labels that are evaluated. */
  graph: LabelGraph;
  /** How the model's labels give them. */
  crosswalk: Crosswalk;
  /** For each of them its column in the data, and the model's columns that give it. */
  columns: { data: number; model: number[] }[];
  mapping?: LabelMapping;
}

/**
 * Maps the labels of a model to those of a data set. Where both have the same names, in whatever order, a label is told by
 * its own; else by the one that means the same, else by those that imply it, the most probable of which counts.
 *
 * @throws {InputError} if the model can tell none of them.
 */
export function evaluatedLabels(known: LabelGraph, graph: LabelGraph): EvaluatedLabels {
  const { isSame, crosswalk } = crosswalkOf(known, graph);
  const given = givingColumns(crosswalk, known.labels);
  if (given.length === 0) {
    throw new InputError(
      `expected labels that the run can tell (${known.labels.join(', ')}), got ${graph.labels.join(', ')}; say what they mean by synonyms in a label graph, --graph FILE`,
    );
  }
  const used = new Set(given.flatMap(({ columns }) => columns));
  return {
    graph:
      given.length === graph.labels.length
        ? graph
        : fitToColumns(
            graph,
            given.map(({ label }) => label),
          ),
    crosswalk,
    columns: given.map(({ label, columns }) => ({ data: graph.labels.indexOf(label), model: columns })),
    ...(!isSame && {
      mapping: {
        from: known.name,
        to: graph.name,
        labels: crosswalk,
        unmapped: graph.labels.filter((label) => given.every((one) => one.label !== label)),
        unused: known.labels.filter((_, column) => !used.has(column)),
      },
    }),
  };
}

function crosswalkOf(known: LabelGraph, graph: LabelGraph): { isSame: boolean; crosswalk: Crosswalk } {
  const isSame = [...known.labels].sort().join('|') === [...graph.labels].sort().join('|');
  const same = (label: string): [string, Crosswalk[string]] => [label, { from: [{ label, relation: 'same' }] }];
  return { isSame, crosswalk: isSame ? Object.fromEntries(graph.labels.map(same)) : mapLabels(known, graph) };
}

/** The labels of a data set that a model with some labels can tell. */
export function labelsGiven(known: LabelGraph, graph: LabelGraph): string[] {
  return givingColumns(crosswalkOf(known, graph).crosswalk, known.labels).map(({ label }) => label);
}

/** What people should be told of a mapping. */
export function mappingRemarks(mapping: LabelMapping | undefined): string[] {
  if (!mapping) return [];
  const told = Object.entries(mapping.labels).flatMap(([label, sources]) => {
    const giving = givingLabels(sources);
    if (!giving || (giving.relation === 'same' && giving.labels[0] === label)) return [];
    return [`${label} ${giving.relation === 'same' ? '=' : '⇐'} ${giving.labels.join(', ')}`];
  });
  const names = (list: readonly string[]): string => list.join(', ') || 'none';
  return [
    `labels of ${mapping.to} from those of ${mapping.from}${told.length > 0 ? ` (= the same, ⇐ the most probable of these): ${told.join('; ')}` : ''}`,
    `not evaluated, since the run cannot tell them: ${names(mapping.unmapped)}; labels of the run not used: ${names(mapping.unused)}`,
  ];
}

/** The label graph of a data set to be evaluated: the run's own where the labels are the same. */
export function dataGraph(choice: string | undefined, dataset: Dataset, graph: LabelGraph): LabelGraph {
  if (choice === undefined && matchColumns(graph, dataset.labels).faults.length === 0)
    return fitToColumns(graph, dataset.labels);
  return graphFor(choice ?? 'auto', dataset);
}
