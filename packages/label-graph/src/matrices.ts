import { indexOf } from './graph-index.js';
import type { LabelGraph } from './label-graph.js';

/** A square matrix in label order, row by row: entry (i, j) at i · labels.length + j. */
export interface LabelMatrix {
  labels: readonly string[];
  values: Float32Array;
}

/** Fills a matrix entry by entry. */
export function fillMatrix(labels: readonly string[], entry: (i: number, j: number) => number): LabelMatrix {
  const n = labels.length;
  const values = new Float32Array(n * n);
  for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) values[i * n + j] = entry(i, j);
  return { labels, values };
}

/** Number of edges on the shortest way between two labels, over parents and children alike; 0 on the diagonal. */
export function pathDistances(graph: LabelGraph): LabelMatrix {
  const { labels, neighbours } = indexOf(graph);
  const distances = Array.from(labels, (label) => distancesFrom(label, neighbours));
  return fillMatrix(graph.labels, (i, j) => distances[i][labels[j]]);
}

/** Breadth first; graphology's own search builds an object for each start and takes 60 ms for 200 labels. */
function distancesFrom(start: number, neighbours: readonly Int32Array[]): Int32Array {
  const distance = new Int32Array(neighbours.length).fill(-1);
  const queue = new Int32Array(neighbours.length);
  distance[start] = 0;
  queue[0] = start;
  for (let head = 0, tail = 1; head < tail; head++) {
    const node = queue[head];
    for (const next of neighbours[node]) {
      if (distance[next] >= 0) continue;
      distance[next] = distance[node] + 1;
      queue[tail++] = next;
    }
  }
  return distance;
}

/** Edges from the root to each node, on the longest way where there are several. */
export function depths(graph: LabelGraph): Map<string, number> {
  const { names, depth } = indexOf(graph);
  return new Map(names.map((name, i) => [name, depth[i]]));
}

/** The largest score of a node that two labels both imply. */
function bestCommon(graph: LabelGraph, score: ArrayLike<number>): LabelMatrix {
  const { names, labels, implied, implies } = indexOf(graph);
  const n = labels.length;
  const values = new Float32Array(n * n);
  for (let i = 0; i < n; i++) {
    const candidates = Int32Array.from(implied[labels[i]]).sort((a, b) => score[b] - score[a]);
    for (let j = i; j < n; j++) {
      const row = labels[j] * names.length;
      let at = 0;
      while (implies[row + candidates[at]] === 0) at++; // the root is common to all
      const best = score[candidates[at]];
      values[i * n + j] = best;
      values[j * n + i] = best;
    }
  }
  return { labels: graph.labels, values };
}

/** Depth of the lowest common ancestor of two labels, where a label is its own ancestor; the deepest one in a DAG. */
export function lcaDepths(graph: LabelGraph): LabelMatrix {
  return bestCommon(graph, indexOf(graph).depth);
}

/**
 * Similarity 2 · depth(lca) / (depth(a) + depth(b)), in [0, 1], 1 on the diagonal.
 *
 * @see Wu and Palmer 1994, "Verb semantics and lexical selection".
 */
export function wuPalmer(graph: LabelGraph): LabelMatrix {
  const { labels, depth } = indexOf(graph);
  const lca = lcaDepths(graph).values;
  return fillMatrix(graph.labels, (i, j) => (2 * lca[i * labels.length + j]) / (depth[labels[i]] + depth[labels[j]]));
}

/** In how many of a number of rows each label or group is present, counted with all that is below it. */
export interface NodeCounts {
  rows: number;
  positives: ReadonlyMap<string, number>;
}

/**
 * Similarity 2 · IC(c) / (IC(a) + IC(b)) by the information content IC = −ln p, with c the most informative common ancestor:
 * in [0, 1], 1 on the diagonal. Two labels that share only the root have 0; rare things in common count more than
 * frequent ones.
 *
 *   p(x) = (rows with x or anything below it + 1) / (rows + 1)
 *
 * @param counts of a table, see `countNodes`.
 * @see Lin 1998, "An information-theoretic definition of similarity".
 */
export function lin(graph: LabelGraph, { rows, positives }: NodeCounts): LabelMatrix {
  const { names, labels } = indexOf(graph);
  const information = Float64Array.from(names, (name) =>
    name === graph.root ? 0 : -Math.log(((positives.get(name) ?? 0) + 1) / (rows + 1)),
  );
  const common = bestCommon(graph, information).values;
  return fillMatrix(graph.labels, (i, j) => {
    if (i === j) return 1;
    const sum = information[labels[i]] + information[labels[j]];
    return sum === 0 ? 0 : (2 * common[i * labels.length + j]) / sum;
  });
}

/** Similarity exp(−distance / τ) of the path distances, in (0, 1], 1 on the diagonal. */
export function pathSimilarity(graph: LabelGraph, tau = 2): LabelMatrix {
  const { labels, values } = pathDistances(graph);
  return { labels, values: values.map((distance) => Math.exp(-distance / tau)) };
}

/** 1 where row label implies column label: itself and its ancestors; else 0. */
export function closureMatrix(graph: LabelGraph): LabelMatrix {
  const { names, labels, implies } = indexOf(graph);
  return fillMatrix(graph.labels, (i, j) => implies[labels[i] * names.length + labels[j]]);
}

/** 1 where two different labels lie on one way from the root: ancestor or descendant; else 0. */
export function lineageMatrix(graph: LabelGraph): LabelMatrix {
  const { labels, values } = closureMatrix(graph);
  const n = labels.length;
  return fillMatrix(labels, (i, j) => (i !== j && values[i * n + j] + values[j * n + i] > 0 ? 1 : 0));
}
