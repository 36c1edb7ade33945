import { existsSync, readFileSync } from 'node:fs';
import { InputError } from '@cxr-align/files';
import type { Dataset } from '@cxr-align/datasets';
import {
  LabelGraph,
  LabelGraphError,
  labelGraphFromPaths,
  labelSet,
  labelSetFor,
  labelSetNames,
  normalizeLabel,
  parseLabelGraph,
  pathSimilarity,
  relatedMatrix,
  wuPalmer,
} from '@cxr-align/label-graph';
import type { Config } from './config.js';
import type { LabelKnowledge } from './objective.js';

/**
 * The label graph of a data set: the one that was asked for, else the one that came with the data, else the paths of
 * the labels, else the shipped set with these labels, else a flat one. Its label order is that of the data.
 */
export function graphFor(
  choice: string,
  { labels, hierarchy, name }: Pick<Dataset, 'labels' | 'hierarchy' | 'name'>,
): LabelGraph {
  return asInputError(() => {
    if (choice !== 'auto') return inOrderOf(loadGraph(choice), labels);
    if (hierarchy) return inOrderOf(parseLabelGraph(hierarchy.text, hierarchy.file), labels);
    if (labels.some((label) => label.includes('/'))) return labelGraphFromPaths(labels, name);
    const shipped = labelSetFor(labels);
    return shipped
      ? new LabelGraph(shipped)
      : new LabelGraph({ name, source: 'the columns of the table', labels: labels.map((label) => ({ name: label })) });
  });
}

/** A shipped label set by name, or a graph from a JSON or YAML file. */
export function loadGraph(choice: string): LabelGraph {
  return asInputError(() => {
    if (labelSetNames.includes(choice)) return new LabelGraph(labelSet(choice));
    if (!existsSync(choice)) {
      throw new InputError(
        `expected a label graph: one of ${labelSetNames.join(', ')}, or a JSON or YAML file; got ${choice} (no such file)`,
      );
    }
    return parseLabelGraph(readFileSync(choice, 'utf8'), choice);
  });
}

/** The graph with its labels renamed and ordered as the data has them; labels that the data lacks become groups. */
function inOrderOf(graph: LabelGraph, labels: readonly string[]): LabelGraph {
  const own = new Map(graph.labels.map((label) => [normalizeLabel(label), label]));
  const renamed = new Map<string, string>();
  const missing = labels.filter((label) => {
    const found = own.get(normalizeLabel(label)) ?? graph.find(label);
    if (found) renamed.set(found, label);
    return !found;
  });
  if (missing.length > 0) {
    throw new InputError(
      `expected the label graph ${graph.name} to hold every label of the data, got none for ${missing.join(', ')}; add them to the graph`,
    );
  }
  const rename = (name: string): string => renamed.get(name) ?? name;
  const definition = graph.toDefinition();
  return new LabelGraph({
    ...definition,
    labels: definition.labels.map((label) => ({
      ...label,
      name: rename(label.name),
      parents: label.parents?.map(rename),
      group: label.group || !renamed.has(label.name),
    })),
    order: labels,
  });
}

/** The matrices that the losses take from a graph. */
export function knowledgeOf(graph: LabelGraph, target: Config['graphTarget']): LabelKnowledge {
  const { values } = target === 'wu-palmer' ? wuPalmer(graph) : pathSimilarity(graph);
  const at = new Map(graph.labels.map((label, i) => [label, i]));
  const descendants = graph.labels.map((label) =>
    graph.descendants(label).flatMap((below) => (at.has(below) ? [at.get(below)!] : [])),
  );
  return { labels: graph.labels, similarity: values, related: relatedMatrix(graph).values, descendants };
}

function asInputError<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw error instanceof LabelGraphError ? new InputError(error.message) : error;
  }
}
