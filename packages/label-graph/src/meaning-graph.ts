import { findingOf, findings } from './findings.js';
import { rootName, type LabelGraph } from './label-graph.js';
import { normalizeLabel } from './normalize-label.js';

/**
 * Several label graphs and the known findings as one: names that mean the same are one node, and what is broader in any of
 * them is broader here.
 */
export class MeaningGraph {
  private readonly above = new Map<string, Set<string>>();
  /** Node of each name, by graph. */
  private readonly meanings = new Map<LabelGraph, ReadonlyMap<string, string>>();

  constructor(graphs: readonly LabelGraph[]) {
    for (const { name, parents = [] } of findings) {
      for (const parent of parents) this.connect(keyOf(parent), keyOf(name));
    }
    const known = new Map<string, string>();
    for (const graph of graphs) {
      const meanings = new Map(graph.graph.nodes().map((name) => [name, meaningOf(graph, name, known)]));
      this.meanings.set(graph, meanings);
      graph.graph.forEachDirectedEdge((_edge, _attributes, parent, child) => {
        if (parent !== rootName) this.connect(meanings.get(parent)!, meanings.get(child)!);
      });
    }
  }

  /** What a label of one of the graphs means: equal for labels that mean the same. */
  meaning(graph: LabelGraph, name: string): string {
    return this.meanings.get(graph)!.get(name)!;
  }

  /** Everything that a meaning implies, itself left out, nearest first. */
  implied(meaning: string): ReadonlySet<string> {
    const found = new Set<string>();
    let frontier = [meaning];
    while (frontier.length > 0) {
      frontier = frontier
        .flatMap((one) => [...(this.above.get(one) ?? [])])
        .filter((one) => one !== meaning && !found.has(one));
      frontier.forEach((one) => found.add(one));
    }
    return found;
  }

  private connect(parent: string, child: string): void {
    if (parent === child) return;
    if (!this.above.has(child)) this.above.set(child, new Set());
    this.above.get(child)!.add(parent);
  }
}

function keyOf(text: string): string {
  return normalizeLabel(text);
}

/** The node of a name: that of the finding it means, else of a name or synonym met before, else its own. */
function meaningOf(graph: LabelGraph, name: string, known: Map<string, string>): string {
  const { means, synonyms } = graph.node(name);
  const finding = findingOf({ name, means, synonyms });
  const texts = [name, ...synonyms].map(keyOf);
  const key = finding ? keyOf(finding.name) : (texts.map((text) => known.get(text)).find((one) => one) ?? keyOf(name));
  if (!finding) texts.forEach((text) => known.has(text) || known.set(text, key));
  return key;
}
