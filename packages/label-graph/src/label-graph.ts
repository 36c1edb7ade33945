import { DirectedGraph } from 'graphology';
import { hasCycle, topologicalSort } from 'graphology-dag';
import { LabelGraphError, type LabelDefinition, type LabelGraphDefinition } from './definition.js';
import { normalizeLabel } from './normalize-label.js';

/** The node above all labels; it is in every graph and no label. */
export const rootName = 'Chest X-ray Findings';

/** What a node of the graph carries: its definition without name and parents, and whether it is a group. */
export interface LabelNode extends Omit<LabelDefinition, 'name' | 'parents'> {
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
  /** Names by what they and their synonyms come down to when compared. */
  private readonly byText: ReadonlyMap<string, string>;

  /**
   * @throws {LabelGraphError} on a duplicate, an unknown parent, a cycle, a group without labels, or an order that does
   *   not hold every label once.
   */
  constructor(definition: LabelGraphDefinition) {
    const where = `label-graph/${definition.name}`;
    this.name = definition.name;
    this.version = definition.version ?? '1';
    this.source = definition.source ?? 'not stated';
    this.graph = new DirectedGraph<LabelNode>();
    this.graph.addNode(rootName, { synonyms: [], group: true });
    checkNames(where, definition.labels);
    for (const { name, parents: _edges, synonyms = [], group = false, ...rest } of definition.labels) {
      this.graph.addNode(name, { synonyms, group, ...rest });
    }
    for (const label of definition.labels) connect(where, this.graph, label);
    checkCycles(where, this.graph);
    checkGroups(where, this.graph);
    this.labels = orderOf(where, definition);
    this.byText = textIndex(definition.labels);
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
    return this.byText.get(normalizeLabel(text));
  }

  /** What a label or group carries beside its place in the graph. */
  node(name: string): Readonly<LabelNode> {
    return this.graph.getNodeAttributes(this.known(name));
  }

  /** Other words for the same thing. */
  synonyms(name: string): readonly string[] {
    return this.node(name).synonyms;
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
          const { synonyms, group, ...rest } = this.node(name);
          const parents = this.parents(name);
          return {
            name,
            ...(parents.length > 0 && { parents }),
            ...(synonyms.length > 0 && { synonyms }),
            ...rest,
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

/** Two names that are compared as the same would be two columns for one label. */
function checkNames(where: string, labels: readonly LabelDefinition[]): void {
  const seen = new Map<string, string>([[normalizeLabel(rootName), rootName]]);
  for (const { name } of labels) {
    const key = normalizeLabel(name);
    const first = seen.get(key);
    if (first !== undefined) {
      const got =
        first === name ? `${JSON.stringify(name)} twice` : `${JSON.stringify(first)} and ${JSON.stringify(name)}`;
      throw new LabelGraphError('duplicate', `${where}: expected each label once, got ${got}; remove one`, [name]);
    }
    seen.set(key, name);
  }
}

function connect(where: string, graph: DirectedGraph<LabelNode>, { name, parents = [] }: LabelDefinition): void {
  for (const parent of parents.length > 0 ? parents : [rootName]) {
    if (!graph.hasNode(parent)) {
      throw new LabelGraphError(
        'unknown-parent',
        `${where}: expected a known parent for ${JSON.stringify(name)}, got ${JSON.stringify(parent)}; add it to the labels (with "group": true if no column stands for it)`,
        [name, parent],
      );
    }
    graph.mergeDirectedEdge(parent, name);
  }
}

function checkCycles(where: string, graph: DirectedGraph<LabelNode>): void {
  if (!hasCycle(graph)) return;
  const cycle = findCycle(graph);
  throw new LabelGraphError(
    'cycle',
    `${where}: expected no cycle, got ${cycle.join(' → ')}; remove one of these edges`,
    cycle,
  );
}

/** A group is there to gather labels: one without any is a slip. */
function checkGroups(where: string, graph: DirectedGraph<LabelNode>): void {
  const orphans = graph.filterNodes((name, { group }) => group && name !== rootName && graph.outDegree(name) === 0);
  if (orphans.length === 0) return;
  throw new LabelGraphError(
    'orphan',
    `${where}: expected labels below every group, got none below ${orphans.join(', ')}; give it to a label as a parent, or remove it`,
    orphans,
  );
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

/** Names come before synonyms, and labels before groups. */
function textIndex(labels: readonly LabelDefinition[]): Map<string, string> {
  const sorted = [...labels.filter(({ group }) => !group), ...labels.filter(({ group }) => group)];
  const index = new Map<string, string>();
  const add = (text: string, name: string): void => {
    const key = normalizeLabel(text);
    if (!index.has(key)) index.set(key, name);
  };
  sorted.forEach(({ name }) => add(name, name));
  sorted.forEach(({ name, synonyms = [] }) => synonyms.forEach((text) => add(text, name)));
  return index;
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
