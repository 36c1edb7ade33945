import type { LabelGraph } from './label-graph.js';

/** A label graph as arrays: what the matrices walk over. Nodes are numbered with parents before children, the root is 0. */
export interface GraphIndex {
  names: readonly string[];
  /** Number of each label, in label order. */
  labels: Int32Array;
  /** Edges from the root, on the longest way. */
  depth: Int32Array;
  /** For each node itself and everything above it, the root too. */
  implied: readonly Int32Array[];
  /** Entry a · names.length + b is 1 where node a implies node b. */
  implies: Uint8Array;
  /** For each node its parents and children. */
  neighbours: readonly Int32Array[];
}

const indices = new WeakMap<LabelGraph, GraphIndex>();

/** The arrays of a graph, made once. */
export function indexOf(graph: LabelGraph): GraphIndex {
  const known = indices.get(graph);
  if (known) return known;
  const made = makeIndex(graph);
  indices.set(graph, made);
  return made;
}

function makeIndex(graph: LabelGraph): GraphIndex {
  const names = graph.topologicalOrder();
  const n = names.length;
  const place = new Map(names.map((name, i) => [name, i]));
  const at = (list: string[]): Int32Array => Int32Array.from(list, (name) => place.get(name)!);
  const above = names.map((name) => {
    const parents = graph.parents(name);
    return at(parents.length === 0 && name !== graph.root ? [graph.root] : parents);
  });
  const depth = new Int32Array(n);
  const implies = new Uint8Array(n * n);
  const implied: Int32Array[] = [];
  for (let node = 0; node < n; node++) {
    implies[node * n + node] = 1;
    for (const parent of above[node]) {
      depth[node] = Math.max(depth[node], depth[parent] + 1);
      for (const one of implied[parent]) implies[node * n + one] = 1;
    }
    const row: number[] = [];
    for (let one = 0; one <= node; one++) if (implies[node * n + one] === 1) row.push(one);
    implied.push(Int32Array.from(row));
  }
  const neighbours = names.map((name, node) => Int32Array.of(...above[node], ...at(graph.children(name))));
  return { names, labels: at([...graph.labels]), depth, implied, implies, neighbours };
}
