import {
  blendMatrices,
  isCounted,
  labelMatrix,
  normalizeMatrix,
  pathSimilarity,
  referenceSimilarity,
  lineageMatrix,
  symmetrize,
  type LabelGraph,
  type LabelMatrix,
} from '@cxr-align/label-graph';
import type { Descendants } from '@cxr-align/losses';
import type { Config } from '../config/config.js';

/** What the losses know of the labels: plain matrices in label order. */
export interface LabelKnowledge {
  labels: readonly string[];
  /** [labels, labels]: how similar labels are. */
  similarity: Float32Array;
  /** [labels, labels]: 1 for ancestors and descendants. */
  related: Float32Array;
  /** For each label the indices of those below it. */
  descendants: Descendants;
  /** What each label's part of the classification loss is multiplied by. */
  weights: readonly number[];
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
 * @param cells training annotations in the graph's label order, counted where the target or a share of it is.
 */
export function knowledgeOf(
  graph: LabelGraph,
  { graphTarget, graphCounted, graphCountedShare }: Pick<Config, 'graphTarget' | 'graphCounted' | 'graphCountedShare'>,
  cells: Float32Array,
): LabelKnowledge {
  return {
    labels: graph.labels,
    similarity: targetSimilarity(graph, { graphTarget, graphCounted, graphCountedShare }, cells).values,
    related: lineageMatrix(graph).values,
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
  if (kind === 'reference') return referenceSimilarity(graph);
  const { labels, values } = symmetrize(labelMatrix(kind, graph, isCounted(kind) ? cells : undefined));
  // Labels that never come together are as far apart as any; of labels that were never seen nothing is known.
  const least = values.reduce((low, value) => (Number.isFinite(value) ? Math.min(low, value) : low), 0);
  return { labels, values: values.map((value) => (Number.isNaN(value) ? 0 : Math.max(least, value))) };
}
