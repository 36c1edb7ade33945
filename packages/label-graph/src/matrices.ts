import { undirectedSingleSourceLength } from 'graphology-shortest-path/unweighted.js';
import { rootName, type LabelGraph } from './label-graph.js';

/** A square matrix in label order, row by row: entry (i, j) at i · labels.length + j. */
export interface LabelMatrix {
  labels: readonly string[];
  values: Float32Array;
}

function fill(graph: LabelGraph, entry: (a: string, b: string) => number): LabelMatrix {
  const { labels } = graph;
  return { labels, values: Float32Array.from(labels.flatMap((a) => labels.map((b) => entry(a, b)))) };
}

/** Number of edges on the shortest way between two labels, over parents and children alike; 0 on the diagonal. */
export function pathDistances(graph: LabelGraph): LabelMatrix {
  const lengths = new Map(graph.labels.map((label) => [label, undirectedSingleSourceLength(graph.graph, label)]));
  return fill(graph, (a, b) => lengths.get(a)![b]);
}

/** Edges from the root to each node, on the longest way where there are several. */
export function depths(graph: LabelGraph): Map<string, number> {
  const depth = new Map<string, number>([[rootName, 0]]);
  for (const name of graph.topologicalOrder()) {
    if (name === rootName) continue;
    depth.set(name, 1 + Math.max(...graph.graph.inNeighbors(name).map((parent) => depth.get(parent)!)));
  }
  return depth;
}

/** Depth of the lowest common ancestor of two labels, where a label is its own ancestor; the deepest one in a DAG. */
export function lcaDepths(graph: LabelGraph): LabelMatrix {
  const depth = depths(graph);
  const above = new Map(graph.labels.map((label) => [label, new Set([label, ...graph.ancestors(label)])]));
  return fill(graph, (a, b) => {
    const shared = [...above.get(a)!].filter((name) => above.get(b)!.has(name));
    return Math.max(0, ...shared.map((name) => depth.get(name)!));
  });
}

/**
 * Similarity 2 · depth(lca) / (depth(a) + depth(b)), in [0, 1], 1 on the diagonal.
 *
 * @see Wu and Palmer 1994, "Verb semantics and lexical selection".
 */
export function wuPalmer(graph: LabelGraph): LabelMatrix {
  const depth = depths(graph);
  const lca = lcaDepths(graph).values;
  let at = 0;
  return fill(graph, (a, b) => (2 * lca[at++]) / (depth.get(a)! + depth.get(b)!));
}

/** Similarity exp(−distance / τ) of the path distances, in (0, 1], 1 on the diagonal. */
export function pathSimilarity(graph: LabelGraph, tau = 2): LabelMatrix {
  const { labels, values } = pathDistances(graph);
  return { labels, values: values.map((distance) => Math.exp(-distance / tau)) };
}

/** 1 where row label implies column label: itself and its ancestors; else 0. */
export function closureMatrix(graph: LabelGraph): LabelMatrix {
  const above = new Map(graph.labels.map((label) => [label, new Set([label, ...graph.ancestors(label)])]));
  return fill(graph, (a, b) => (above.get(a)!.has(b) ? 1 : 0));
}

/** 1 where two different labels lie on one way from the root: ancestor or descendant; else 0. */
export function relatedMatrix(graph: LabelGraph): LabelMatrix {
  const { values } = closureMatrix(graph);
  const count = graph.labels.length;
  return {
    labels: graph.labels,
    values: values.map((_, at) => {
      const [i, j] = [Math.floor(at / count), at % count];
      return i !== j && values[at] + values[j * count + i] > 0 ? 1 : 0;
    }),
  };
}

/** The matrices by the names that the command knows. */
export const matrixKinds = {
  'path-distance': pathDistances,
  'lca-depth': lcaDepths,
  'wu-palmer': wuPalmer,
  closure: closureMatrix,
} as const;

export type MatrixKind = keyof typeof matrixKinds;
