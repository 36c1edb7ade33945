import { DirectedGraph } from 'graphology';
import { hasCycle, topologicalSort } from 'graphology-dag';
import { LabelGraphError, type LabelDefinition, type LabelGraphDefinition } from './definition.js';
import { normalizeLabel } from './normalize-label.js';

/** The node above all labels; it is in every graph and no label. */
export const rootName = 'Chest X-ray Findings';

/** What a node of the graph carries. */
export interface LabelNode {
  synonyms: readonly string[];
  group: boolean;
}

/**
 * The hierarchy of a data set's labels: a directed graph from broader to narrower, below one root. A label may have
 * several parents.
 *
 * @example
 * const graph = new LabelGraph(labelSet('chexpert-14'));
 * graph.ancestors('Pneumonia'); // ['Consolidation', 'Lung Opacity']
 */
export class LabelGraph {
  readonly name: string;
  readonly version: string;
  readonly source: string;
  /** The label order of every vector and matrix; groups and the root are not in it. */
  readonly labels: readonly string[];
  /** The graph itself: nodes by name, edges from parent to child. Treat it as read-only. */
  readonly graph: DirectedGraph<LabelNode>;

  /**
   * @throws {LabelGraphError} on a duplicate, an unknown parent, a cycle, or an order that does not hold every label once.
   */
  constructor(definition: LabelGraphDefinition) {
    const where = `label-graph/${definition.name}`;
    this.name = definition.name;
    this.version = definition.version ?? '1';
    this.source = definition.source ?? 'not stated';
    this.graph = new DirectedGraph<LabelNode>();
    this.graph.addNode(rootName, { synonyms: [], group: true });
    for (const { name, synonyms = [], group = false } of definition.labels) {
      if (this.graph.hasNode(name)) {
        throw new LabelGraphError(
          'duplicate',
          `${where}: expected each label once, got ${JSON.stringify(name)} twice; remove one`,
          [name],
        );
      }
      this.graph.addNode(name, { synonyms, group });
    }
    for (const label of definition.labels) this.connect(where, label);
    if (hasCycle(this.graph)) {
      const cycle = findCycle(this.graph);
      throw new LabelGraphError(
        'cycle',
        `${where}: expected no cycle, got ${cycle.join(' → ')}; remove one of these edges`,
        cycle,
      );
    }
    this.labels = orderOf(where, definition);
  }

  private connect(where: string, { name, parents = [] }: LabelDefinition): void {
    for (const parent of parents.length > 0 ? parents : [rootName]) {
      if (!this.graph.hasNode(parent)) {
        throw new LabelGraphError(
          'unknown-parent',
          `${where}: expected a known parent for ${JSON.stringify(name)}, got ${JSON.stringify(parent)}; add it to the labels (with "group": true if no column stands for it)`,
          [name, parent],
        );
      }
      this.graph.mergeDirectedEdge(parent, name);
    }
  }

  /** Broader labels and groups directly above; the root is left out. */
  parents(name: string): string[] {
    return this.graph.inNeighbors(this.known(name)).filter((parent) => parent !== rootName);
  }

  /** Narrower labels and groups directly below. */
  children(name: string): string[] {
    return this.graph.outNeighbors(this.known(name));
  }

  /** All labels and groups above, nearest first; the root is left out. */
  ancestors(name: string): string[] {
    return walk(this.known(name), (node) => this.parents(node));
  }

  /** All labels and groups below, nearest first. */
  descendants(name: string): string[] {
    return walk(this.known(name), (node) => this.children(node));
  }

  /** The label or group that a text names, by its name or a synonym; case, punctuation and plural do not count. */
  find(text: string): string | undefined {
    const wanted = normalizeLabel(text);
    const nodes = [...this.labels, ...this.graph.nodes()];
    return (
      nodes.find((name) => normalizeLabel(name) === wanted) ??
      nodes.find((name) => this.synonyms(name).some((synonym) => normalizeLabel(synonym) === wanted))
    );
  }

  synonyms(name: string): readonly string[] {
    return this.graph.getNodeAttribute(this.known(name), 'synonyms');
  }

  /** Edges between labels, parent first; a group in between is stepped over. */
  labelEdges(): { parent: string; child: string }[] {
    const isLabel = new Set(this.labels);
    return this.labels.flatMap((child) => {
      const found = new Set<string>();
      const climb = (name: string): void => {
        for (const parent of this.parents(name)) {
          if (isLabel.has(parent)) found.add(parent);
          else climb(parent);
        }
      };
      climb(child);
      return [...found].map((parent) => ({ parent, child }));
    });
  }

  /** Every node, parents before children; the root is first. */
  topologicalOrder(): string[] {
    return topologicalSort(this.graph);
  }

  /** The graph as a definition, without `extends`: what {@link parseLabelGraph} reads back. */
  toDefinition(): LabelGraphDefinition {
    return {
      name: this.name,
      version: this.version,
      source: this.source,
      labels: this.graph
        .nodes()
        .filter((name) => name !== rootName)
        .map((name) => {
          const { synonyms, group } = this.graph.getNodeAttributes(name);
          const parents = this.parents(name);
          return {
            name,
            ...(parents.length > 0 && { parents }),
            ...(synonyms.length > 0 && { synonyms }),
            ...(group && { group }),
          };
        }),
      order: this.labels,
    };
  }

  private known(name: string): string {
    if (!this.graph.hasNode(name)) {
      throw new LabelGraphError(
        'unknown-label',
        `label-graph/${this.name}: expected a label of this graph, got ${JSON.stringify(name)}; its labels are ${this.labels.join(', ')}`,
        [name],
      );
    }
    return name;
  }
}

/** Breadth first from a node, the node itself left out. */
function walk(start: string, next: (node: string) => string[]): string[] {
  const found = new Set<string>();
  let frontier = [start];
  while (frontier.length > 0) {
    frontier = frontier.flatMap(next).filter((node) => !found.has(node));
    frontier.forEach((node) => found.add(node));
  }
  return [...found];
}

function orderOf(where: string, { labels, order }: LabelGraphDefinition): readonly string[] {
  const names = labels.filter(({ group }) => !group).map(({ name }) => name);
  if (!order) return names;
  const missing = names.filter((name) => !order.includes(name));
  const strange = order.filter((name) => !names.includes(name));
  if (missing.length > 0 || strange.length > 0 || order.length !== names.length) {
    const faults = [...missing.map((name) => `without ${name}`), ...strange.map((name) => `with ${name}`)];
    throw new LabelGraphError(
      'format',
      `${where}: expected "order" to hold every label once, got it ${faults.join(', ') || 'with repeats'}; mend the list`,
      [...missing, ...strange],
    );
  }
  return [...order];
}

/** The nodes of one cycle, the first one again at the end. */
function findCycle(graph: DirectedGraph<LabelNode>): string[] {
  const path: string[] = [];
  const finished = new Set<string>();
  const visit = (node: string): string[] | undefined => {
    const at = path.indexOf(node);
    if (at >= 0) return [...path.slice(at), node];
    if (finished.has(node)) return undefined;
    path.push(node);
    for (const child of graph.outNeighbors(node)) {
      const cycle = visit(child);
      if (cycle) return cycle;
    }
    path.pop();
    finished.add(node);
    return undefined;
  };
  for (const node of graph.nodes()) {
    const cycle = visit(node);
    if (cycle) return cycle;
  }
  return [];
}
