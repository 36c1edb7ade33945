import { Document, isMap, type Node } from 'yaml';
import type { LabelDefinition } from './definition.js';
import { findingOf, type Finding } from './findings.js';
import { LabelGraph, rootName } from './label-graph.js';
import { labelSet, labelSetNames } from './label-sets.js';
import { MeaningGraph } from './meaning-graph.js';
import { labelGraphFromPaths } from './paths.js';
import { normalizeLabel } from './normalize-label.js';

/** A first label graph for a table, and what was recognised in it. */
export interface LabelGraphDraft {
  /** A YAML file with remarks, ready to be edited. */
  yaml: string;
  /** The shipped set that knows most of the columns, which the hierarchy was taken from. */
  set: string;
  /** Each column with the finding that it names, and the label of the set that it is; null where there is none. */
  columns: { column: string; finding: string | null; label: string | null }[];
}

/**
 * Drafts a label graph for the label columns of a table: columns are matched by synonym to the known findings; which stands
 * below which is taken from the shipped set that knows most of them, from the known findings, and from paths such as
 * `Pneumonia/Viral`.
 *
 * @param columns in the order of the table.
 * @throws {LabelGraphError} if two columns are the same but for their spelling.
 */
export function draftLabelGraph(columns: readonly string[], name: string): LabelGraphDraft {
  const set = bestSet(columns);
  const known = new Map(columns.map((column) => [column, knownAs(column, set)]));
  const paths = labelGraphFromPaths(columns, name);
  const flat = new LabelGraph({
    name,
    labels: columns.map((column) => ({ name: column, parents: paths.parents(column), means: known.get(column)?.name })),
  });
  const nodes = nodesAmong(flat, set);
  const labels = nodes.map(({ name: label, parents, group }): LabelDefinition => {
    const synonyms = group ? [] : synonymsOf(known.get(label), label);
    return {
      name: label,
      ...(parents.length > 0 && { parents }),
      ...(synonyms.length > 0 && { synonyms }),
      ...(group && { group }),
    };
  });
  const document = new Document({
    name,
    source: `drafted from the columns of a table; hierarchy of ${set.name} where it knows them`,
    labels,
  });
  document.commentBefore = [
    ' A label graph: see "Add your data set in five minutes" in the README of @cxr-align/label-graph.',
    ' A label may have: parents, synonyms, related, means, descriptors, prompts { positive, negative }, weight, group: true.',
  ].join('\n');
  const items = (document.get('labels') as { items: Node[] }).items;
  items.forEach((item, i) => {
    if (isMap(item)) item.flow = true;
    const { name: label, group } = nodes[i];
    const finding = known.get(label);
    const inSet = set.find(label);
    if (group) return;
    item.comment = finding
      ? ` ${finding.name}`
      : inSet !== undefined
        ? ` ${inSet} of ${set.name}`
        : ' known nowhere: give it parents and synonyms';
  });
  const found = columns.map((column) => ({
    column,
    finding: known.get(column)?.name ?? null,
    label: set.find(column) ?? null,
  }));
  return { yaml: document.toString({ lineWidth: 0, flowCollectionPadding: false }), set: set.name, columns: found };
}

function synonymsOf(finding: Finding | undefined, label: string): string[] {
  const texts = finding ? [finding.name, ...(finding.synonyms ?? [])] : [];
  return texts.filter((text) => normalizeLabel(text) !== normalizeLabel(label));
}

/** The shipped set that knows most of the columns; of several, the one with fewest labels. */
function bestSet(columns: readonly string[]): LabelGraph {
  const scored = labelSetNames.map((name) => {
    const set = new LabelGraph(labelSet(name));
    return { set, known: columns.filter((column) => set.find(column) !== undefined).length };
  });
  return scored.reduce((best, one) =>
    one.known > best.known || (one.known === best.known && one.set.labels.length < best.set.labels.length) ? one : best,
  ).set;
}

/** The finding that a column names: as the set understands it, else as it is known. */
function knownAs(column: string, set: LabelGraph): Finding | undefined {
  const label = set.find(column);
  const asInSet =
    label === undefined || set.node(label).group ? undefined : findingOf({ name: label, ...set.node(label) });
  return asInSet ?? findingOf({ name: column });
}

/** The columns, and the groups of the set that gather some of them, each with what is directly above it. */
function nodesAmong(flat: LabelGraph, set: LabelGraph): { name: string; parents: string[]; group: boolean }[] {
  const meanings = new MeaningGraph([flat, set]);
  const columns = flat.labels.map((name) => ({ name, group: false, meaning: meanings.meaning(flat, name) }));
  const implied = new Map(columns.map(({ name, meaning }) => [name, meanings.implied(meaning)]));
  const groups = set.graph
    .filterNodes((name, { group }) => group && name !== rootName)
    .map((name) => ({ name, group: true, meaning: meanings.meaning(set, name) }))
    .filter(({ meaning }) => columns.every((column) => column.meaning !== meaning))
    .filter(({ meaning }) => columns.some(({ name }) => implied.get(name)!.has(meaning)));
  const nodes = [...groups, ...columns];
  const above = new Map(
    nodes.map((node) => {
      const all = meanings.implied(node.meaning);
      return [node.name, nodes.filter((other) => all.has(other.meaning)).map(({ name }) => name)];
    }),
  );
  return nodes.map(({ name, group }) => {
    const all = above.get(name)!;
    // What is above something that is above, too, is no parent.
    const parents = all.filter((one) => !all.some((other) => other !== one && above.get(other)!.includes(one)));
    return { name, group, parents };
  });
}
