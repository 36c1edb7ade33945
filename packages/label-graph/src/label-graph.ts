import { checkCycles, checkGroups, checkNames, labelOrder, parentsOf } from './check-definition.js';
import { LabelGraphError, type LabelDefinition, type LabelGraphDefinition } from './definition.js';
import { reachable, topologicalOrder } from './hierarchy.js';
import { resolveExtension } from './label-sets.js';
import { withFindingWords } from './label-words.js';
import { didYouMean } from './nearest-name.js';
import { normalizeLabel } from './normalize-label.js';
import { readLabelGraphDefinition } from './read-definition.js';
import { standardVocabulary, type Finding, type Vocabulary } from './vocabulary.js';

/** The name of the node above all labels where a definition gives none. */
export const defaultRoot = 'Chest X-ray Findings';

/** What a label or group carries beside its place in the hierarchy. */
export interface LabelNode extends Omit<LabelDefinition, 'name' | 'parents'> {
  synonyms: readonly string[];
  group: boolean;
}

/**
 * The hierarchy of a data set's labels: a directed acyclic graph from broader to narrower, below one root. A label may have
 * several parents. Labels have the synonyms of the findings that they stand for (see {@link Vocabulary}).
 *
 * @example
 * const graph = new LabelGraph(chexpert14);
 * graph.ancestors('Pneumonia'); // ['Consolidation', 'Lung Opacity']
 */
export class LabelGraph {
  readonly name: string;
  readonly version: string;
  readonly source: string;
  /** The node above all labels; it is no label. */
  readonly root: string;
  /** The label order of every vector and matrix; groups and the root are not in it. */
  readonly labels: readonly string[];
  /** Every label and group, in the order of the definition; the root is not in it. */
  readonly names: readonly string[];
  /** The findings that its labels may stand for: the standard ones, and those that its definition declares. */
  readonly vocabulary: Vocabulary;
  private readonly declared: LabelGraphDefinition['findings'];
  private readonly nodes: ReadonlyMap<string, LabelNode>;
  /** Of every node, the root too; parents of labels at the top are the root. */
  private readonly above: ReadonlyMap<string, readonly string[]>;
  private readonly below: ReadonlyMap<string, readonly string[]>;
  /** Names by what they and their synonyms come down to when compared. */
  private readonly byText: ReadonlyMap<string, string>;

  /**
   * @throws {LabelGraphError} on unknown keys, a duplicate, an unknown parent, finding or set to extend, a cycle, a group
   *   without labels, or an order that does not hold every label once.
   */
  constructor(definition: LabelGraphDefinition) {
    const read = resolveExtension(readLabelGraphDefinition(definition, 'label-graph/LabelGraph'));
    const where = `label-graph/${read.name}`;
    this.name = read.name;
    this.version = read.version ?? '1';
    this.source = read.source ?? 'not stated';
    this.root = read.root ?? defaultRoot;
    checkNames(where, this.root, read.labels);
    this.declared = read.findings;
    const standard = standardVocabulary();
    this.vocabulary = read.findings ? standard.extend(read.findings, where) : standard;
    const labels = withFindingWords(read.labels, this.vocabulary, where);
    this.names = labels.map(({ name }) => name);
    this.nodes = new Map(
      labels.map(({ name, parents: _edges, ...rest }) => [name, { synonyms: [], group: false, ...rest }]),
    );
    this.above = parentsOf(where, this.root, labels);
    this.below = childrenOf(this.above);
    checkCycles(where, this.names, this.above);
    checkGroups(where, labels, this.below);
    this.labels = labelOrder(where, read);
    this.byText = textIndex(labels);
  }

  /** Broader labels and groups directly above; the root is left out. */
  parents(name: string): string[] {
    return this.above.get(this.known(name))!.filter((parent) => parent !== this.root);
  }

  /** Narrower labels and groups directly below; those at the top for the root. */
  children(name: string): string[] {
    return [...this.below.get(this.known(name))!];
  }

  /** All labels and groups above, nearest first; the root is left out. */
  ancestors(name: string): string[] {
    return reachable(this.known(name), (node) => this.parents(node));
  }

  /** All labels and groups below, nearest first. */
  descendants(name: string): string[] {
    return reachable(this.known(name), (node) => this.below.get(node)!);
  }

  /** The label or group that a text names, by its name or a synonym; case, accents, punctuation and plural do not count. */
  find(text: string): string | undefined {
    return this.byText.get(normalizeLabel(text));
  }

  /** What a label or group carries beside its place in the hierarchy. */
  node(name: string): Readonly<LabelNode> {
    return this.nodes.get(this.known(name)) ?? { synonyms: [], group: true };
  }

  /** Other words for the same thing. */
  synonyms(name: string): readonly string[] {
    return this.node(name).synonyms;
  }

  /** The finding that a label stands for; undefined where the vocabulary has none. */
  finding(name: string): Finding | undefined {
    return this.vocabulary.findingOf({ name, ...this.node(name) });
  }

  /** Edges between labels, parent first; a group in between is stepped over. */
  labelEdges(): { parent: string; child: string }[] {
    const isLabel = new Set(this.labels);
    return this.labels.flatMap((child) => {
      const met = new Set<string>();
      const found: string[] = [];
      const left = this.parents(child).reverse();
      for (let parent = left.pop(); parent !== undefined; parent = left.pop()) {
        if (met.has(parent)) continue;
        met.add(parent);
        if (isLabel.has(parent)) found.push(parent);
        else left.push(...this.parents(parent).reverse());
      }
      return found.map((parent) => ({ parent, child }));
    });
  }

  /** Every node, parents before children; the root is first. */
  topologicalOrder(): string[] {
    return topologicalOrder(this.above, this.below);
  }

  /** The graph as a definition, complete, without `extends`: {@link LabelGraph} takes it back. */
  toDefinition(): LabelGraphDefinition {
    return {
      name: this.name,
      version: this.version,
      source: this.source,
      ...(this.root !== defaultRoot && { root: this.root }),
      ...(this.declared && { findings: this.declared }),
      labels: this.names.map((name) => {
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
    if (this.above.has(name)) return name;
    throw new LabelGraphError(
      'unknown-label',
      `label-graph/${this.name}: expected a label of this graph, got ${JSON.stringify(name)}; ${didYouMean(String(name), this.names)}its labels are ${this.labels.join(', ')}`,
      [name],
    );
  }
}

function childrenOf(above: ReadonlyMap<string, readonly string[]>): Map<string, string[]> {
  const below = new Map<string, string[]>([...above.keys()].map((name) => [name, []]));
  for (const [name, parents] of above) for (const parent of parents) below.get(parent)!.push(name);
  return below;
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
