import { reachable } from './hierarchy.js';
import type { LabelGraph } from './label-graph.js';
import { normalizeLabel } from './normalize-label.js';
import type { Finding, Vocabulary } from './vocabulary.js';

/**
 * Several label graphs and their vocabularies as one: names that mean the same are one concept, and what is broader in any
 * of them is broader here.
 */
export class ConceptGraph {
  private readonly above = new Map<string, Set<string>>();
  /** Concept of each name, by graph. */
  private readonly concepts = new Map<LabelGraph, ReadonlyMap<string, string>>();

  constructor(graphs: readonly LabelGraph[]) {
    const vocabularies = [...new Set(graphs.map(({ vocabulary }) => vocabulary))];
    for (const vocabulary of vocabularies) {
      for (const finding of vocabulary.findings) {
        for (const parent of vocabulary.parents(finding))
          this.connect(normalizeLabel(parent), normalizeLabel(finding.name));
      }
    }
    const known = new Map<string, string>();
    for (const graph of graphs) {
      const concepts = new Map(graph.names.map((name) => [name, conceptOf(graph, name, vocabularies, known)]));
      this.concepts.set(graph, concepts);
      for (const child of graph.names) {
        for (const parent of graph.parents(child)) this.connect(concepts.get(parent)!, concepts.get(child)!);
      }
    }
  }

  /** The concept of a label of one of the graphs: equal for labels that mean the same. */
  concept(graph: LabelGraph, name: string): string {
    return this.concepts.get(graph)!.get(name)!;
  }

  /** Everything that a concept implies, itself left out, nearest first. */
  implied(concept: string): ReadonlySet<string> {
    return new Set(reachable(concept, (one) => this.above.get(one) ?? []));
  }

  private connect(parent: string, child: string): void {
    if (parent === child) return;
    if (!this.above.has(child)) this.above.set(child, new Set());
    this.above.get(child)!.add(parent);
  }
}

/** The concept of a name: that of the finding it stands for, else of a name or synonym met before, else its own. */
function conceptOf(
  graph: LabelGraph,
  name: string,
  vocabularies: readonly Vocabulary[],
  known: Map<string, string>,
): string {
  const finding = graph.finding(name) ?? findingAmong(vocabularies, graph, name);
  if (finding) return normalizeLabel(finding.name);
  const texts = [name, ...graph.synonyms(name)].map((text) => normalizeLabel(text));
  const concept = texts.map((text) => known.get(text)).find((one) => one !== undefined) ?? texts[0];
  for (const text of texts) if (!known.has(text)) known.set(text, concept);
  return concept;
}

/** A finding that another graph declares may be the one that a label of this graph stands for. */
function findingAmong(vocabularies: readonly Vocabulary[], graph: LabelGraph, name: string): Finding | undefined {
  const { finding: _own, ...words } = graph.node(name);
  for (const vocabulary of vocabularies) {
    const finding = vocabulary.findingOf({ name, ...words });
    if (finding) return finding;
  }
  return undefined;
}
