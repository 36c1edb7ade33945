import { existsSync, readFileSync } from 'node:fs';
import { InputError } from '@cxr-align/files';
import { selectLabels, type Dataset } from '@cxr-align/datasets';
import {
  blendMatrices,
  countCooccurrence,
  fitToColumns,
  isCounted,
  labelGraphFromPaths,
  LabelGraph,
  LabelGraphError,
  labelMatrix,
  labelSet,
  labelSetFor,
  labelSetNames,
  matchColumns,
  normalizeMatrix,
  parseLabelGraph,
  pathSimilarity,
  readLabelGraph,
  relatedMatrix,
  symmetrize,
  type LabelMatrix,
} from '@cxr-align/label-graph';
import type { Config } from '../config/config.js';
import type { LabelKnowledge } from '../training/objective.js';

/** A data set's labels and what came with them. */
type Labelled = Pick<Dataset, 'labels' | 'hierarchy' | 'name'>;

/**
 * The label graph of a data set: the one that was asked for, else the one that came with the data, else the paths of
 * the labels, else the shipped set with these labels, else a flat one. Its label order is that of the data.
 */
export function graphFor(choice: string, { labels, hierarchy, name }: Labelled): LabelGraph {
  return asInputError(() => {
    if (choice !== 'auto') return fitToColumns(loadGraph(choice), labels);
    if (hierarchy) return fitToColumns(parseLabelGraph(hierarchy.text, hierarchy.file), labels);
    if (labels.some((label) => label.includes('/'))) return labelGraphFromPaths(labels, name);
    const shipped = labelSetFor(labels);
    return shipped
      ? new LabelGraph(shipped)
      : new LabelGraph({ name, source: 'the columns of the table', labels: labels.map((label) => ({ name: label })) });
  });
}

/** What people should be told when a graph that was asked for has labels that the data lacks. */
export function graphRemarks(choice: string, { labels }: Labelled): string[] {
  if (choice === 'auto') return [];
  const graph = loadGraph(choice);
  const { unused } = matchColumns(graph, labels);
  return unused.length > 0
    ? [`the label graph ${graph.name} has labels that the data lacks, which are no targets: ${unused.join(', ')}`]
    : [];
}

/** A shipped label set by name, or a graph from a JSON, YAML, GEXF or GraphML file. */
export function loadGraph(choice: string): LabelGraph {
  return asInputError(() => {
    if (labelSetNames.includes(choice)) return new LabelGraph(labelSet(choice));
    if (!existsSync(choice)) {
      throw new InputError(
        `expected a label graph: one of ${labelSetNames.join(', ')}, or a JSON, YAML, GEXF or GraphML file; got ${choice} (no such file)`,
      );
    }
    return readLabelGraph(readFileSync(choice, 'utf8'), choice);
  });
}

/**
 * A data set in the label order of a graph, whatever the order and the spelling of its columns.
 *
 * @throws {InputError} if a label has no column, or two.
 */
export function inOrderOf(graph: LabelGraph, dataset: Dataset): Dataset {
  const { matched, faults } = matchColumns(graph, dataset.labels);
  const fault = faults.find(({ kind }) => kind !== 'unknown-column');
  if (fault) throw new InputError(faultText(fault));
  const columns = graph.labels.map((label) => matched.findIndex((match) => match.label === label));
  return { ...selectLabels(dataset, columns), labels: graph.labels };
}

/** For each label the indices of the labels above it. */
export function ancestorIndices(graph: LabelGraph): number[][] {
  return indicesOf(graph, (label) => graph.ancestors(label));
}

function indicesOf(graph: LabelGraph, related: (label: string) => string[]): number[][] {
  const at = new Map(graph.labels.map((label, i) => [label, i]));
  return graph.labels.map((label) => related(label).flatMap((name) => at.get(name) ?? []));
}

/**
 * The matrices that the losses take from a graph.
 *
 * @param cells training cells in the graph's label order, counted where the target or a share of it is.
 */
export function knowledgeOf(
  graph: LabelGraph,
  { graphTarget, graphCounted, graphCountedShare }: Pick<Config, 'graphTarget' | 'graphCounted' | 'graphCountedShare'>,
  cells: Float32Array,
): LabelKnowledge {
  return {
    labels: graph.labels,
    similarity: targetSimilarity(graph, { graphTarget, graphCounted, graphCountedShare }, cells).values,
    related: relatedMatrix(graph).values,
    descendants: indicesOf(graph, (label) => graph.descendants(label)),
    weights: graph.labels.map((label) => graph.node(label).weight ?? 1),
  };
}

/** The similarity that embeddings follow: symmetric, finite, [labels, labels]. */
export function targetSimilarity(
  graph: LabelGraph,
  { graphTarget, graphCounted, graphCountedShare }: Pick<Config, 'graphTarget' | 'graphCounted' | 'graphCountedShare'>,
  cells: Float32Array,
): LabelMatrix {
  const prior = similarity(graph, graphTarget, cells);
  if (graphCountedShare === 0) return prior;
  const scaled = (matrix: LabelMatrix): LabelMatrix => normalizeMatrix(matrix, 'min-max');
  return blendMatrices(scaled(prior), scaled(similarity(graph, graphCounted, cells)), graphCountedShare);
}

function similarity(graph: LabelGraph, kind: Config['graphTarget'], cells: Float32Array): LabelMatrix {
  if (kind === 'path') return pathSimilarity(graph);
  if (kind === 'seed') return seedTarget(graph);
  const { labels, values } = symmetrize(labelMatrix(kind, graph, isCounted(kind) ? cells : undefined));
  // Labels that never come together are as far apart as any; of labels that were never seen nothing is known.
  const least = values.reduce((low, value) => (Number.isFinite(value) ? Math.min(low, value) : low), 0);
  return { labels, values: values.map((value) => (Number.isNaN(value) ? 0 : Math.max(least, value))) };
}

/** The first implementation's matrix, inverse distances in rows of length 1, made symmetric. */
function seedTarget(graph: LabelGraph): LabelMatrix {
  const inverse = normalizeMatrix(labelMatrix('path-distance', graph), 'inverse');
  return symmetrize(normalizeMatrix(inverse, 'row-l2'));
}

/** How often labels are present, for remarks beside a graph. */
export function positivesIn(graph: LabelGraph, dataset: Pick<Dataset, 'labels' | 'cells'>): Map<string, number> {
  const { matched } = matchColumns(graph, dataset.labels);
  const { values } = countCooccurrence(dataset.cells, dataset.labels);
  const n = dataset.labels.length;
  return new Map(matched.flatMap(({ label }, i) => (label === null ? [] : [[label, values[i * n + i]] as const])));
}

/** An error of the graph with its name in front. */
export function faultText({ kind, message }: LabelGraphError): string {
  return `${kind}: ${message}`;
}

/** Errors of a label graph are errors of the input. */
export function asInputError<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw error instanceof LabelGraphError ? new InputError(faultText(error)) : error;
  }
}
