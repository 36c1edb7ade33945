import { DirectedGraph } from 'graphology';
import type { LabelGraph, LabelNode } from '../label-graph.js';

/** graphology keeps neighbours in plain objects, where names such as `__proto__` are there already: these get a prefix. */
export function fileName(name: string): string {
  return name in Object.prototype ? `label:${name}` : name;
}

/**
 * The hierarchy as a graphology graph, for its algorithms, layouts and drawings: a node for the root and for each label and
 * group, with what {@link LabelNode} has, and an edge from each parent to each child.
 *
 * @returns a graph of its own; changing it does not change the label graph. A label named as a property of every JavaScript
 *   object (`constructor`) is the node `label:constructor`.
 */
export function toGraphology(graph: LabelGraph): DirectedGraph<LabelNode> {
  const result = new DirectedGraph<LabelNode>();
  const nodes = [graph.root, ...graph.names];
  for (const name of nodes) result.addNode(fileName(name), { ...graph.node(name) });
  for (const name of nodes) {
    for (const child of graph.children(name)) result.addDirectedEdge(fileName(name), fileName(child));
  }
  return result;
}
