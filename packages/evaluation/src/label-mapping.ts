import { InputError } from '@cxr-align/files/input-error';
import {
  fitToColumns,
  determiningColumns,
  determiningLabels,
  mapLabels,
  type Crosswalk,
  type LabelGraph,
} from '@cxr-align/label-graph';
import type { LabelMapping } from './evaluation-schema.js';

/** The labels that a model is evaluated in: those of the data, as far as the model predicts them. */
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
 * Maps the labels of a model to those of a data set. Where both have the same names, in whatever order, a label is predicted by
 * its own; else by the one that means the same, else by those that imply it, the most probable of which counts.
 *
 * @throws {InputError} if the model predicts none of them.
 */
export function evaluatedLabels(known: LabelGraph, graph: LabelGraph): EvaluatedLabels {
  const { isSame, crosswalk } = crosswalkOf(known, graph);
  const given = determiningColumns(crosswalk, known.labels);
  if (given.length === 0) {
    throw new InputError(
      `expected labels that the model predicts (${known.labels.join(', ')}), got ${graph.labels.join(', ')}; add their names as synonyms in a label graph of the data`,
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

/** The labels of a data set that a model with some labels predicts. */
export function predictableLabels(known: LabelGraph, graph: LabelGraph): string[] {
  return determiningColumns(crosswalkOf(known, graph).crosswalk, known.labels).map(({ label }) => label);
}

/** Remarks on a mapping, for people. */
export function mappingRemarks(mapping: LabelMapping | undefined): string[] {
  if (!mapping) return [];
  const mapped = Object.entries(mapping.labels).flatMap(([label, sources]) => {
    const giving = determiningLabels(sources);
    if (!giving || (giving.relation === 'same' && giving.labels[0] === label)) return [];
    return [`${label} ${giving.relation === 'same' ? '=' : '⇐'} ${giving.labels.join(', ')}`];
  });
  const names = (list: readonly string[]): string => list.join(', ') || 'none';
  return [
    `labels of ${mapping.to} from those of ${mapping.from}${mapped.length > 0 ? ` (= the same, ⇐ the most probable of these): ${mapped.join('; ')}` : ''}`,
    `not evaluated, since the model does not predict them: ${names(mapping.unmapped)}; labels of the model not used: ${names(mapping.unused)}`,
  ];
}
