import { Document, isMap, type Node } from 'yaml';
import { ConceptGraph } from '../concept-graph.js';
import type { LabelDefinition } from '../definition.js';
import { LabelGraph } from '../label-graph.js';
import { labelSet, labelSetNames } from '../label-sets.js';
import { normalizeLabel } from '../normalize-label.js';
import { labelGraphFromPaths } from '../paths.js';
import { standardVocabulary, type Finding } from '../vocabulary.js';

/** A first label graph for a table, and what was recognised in it. */
export interface LabelGraphDraft {
  /** A YAML file with remarks, ready to be edited. */
  yaml: string;
  /** The registered set that knows most of the columns, which the hierarchy was taken from; null if none knows any. */
  set: string | null;
  /** Each column with the finding that it names, and the label of the set that it is; null where there is none. */
  columns: { column: string; finding: string | null; label: string | null }[];
}

/**
 * Drafts a label graph for the label columns of a table: columns are matched by synonym to the known findings; which is
 * below which is taken from the registered set that knows most of them, from the known findings, and from paths such as
 * `Pneumonia/Viral`.
 *
 * @param columns in the order of the table.
 * @throws {LabelGraphError} if two columns are the same but for their spelling.
 */
export function draftLabelGraph(columns: readonly string[], name: string): LabelGraphDraft {
  const set = bestSet(columns);
  const known = new Map(columns.map((column) => [column, findingIn(set, column)]));
  const paths = labelGraphFromPaths(columns, name);
  const flat = new LabelGraph({
    name,
    labels: columns.map((column) => ({
      name: column,
      parents: paths.parents(column),
      finding: known.get(column)?.name,
    })),
  });
  const nodes = nodesAmong(flat, set);
  const remark = (label: string): string => {
    const [finding, inSet] = [known.get(label)?.name, set?.find(label)];
    if (finding !== undefined) return finding;
    return inSet === undefined ? 'known nowhere: give it parents and synonyms' : `${inSet} of ${set!.name}`;
  };
  return {
    yaml: yamlOf(
      name,
      set,
      nodes.map((node) => draftLabel(node, known.get(node.name))),
      remark,
    ),
    set: set?.name ?? null,
    columns: columns.map((column) => ({
      column,
      finding: known.get(column)?.name ?? null,
      label: set?.find(column) ?? null,
    })),
  };
}

function yamlOf(
  name: string,
  set: LabelGraph | undefined,
  labels: readonly LabelDefinition[],
  remark: (label: string) => string,
): string {
  const hierarchy = set ? `; hierarchy of ${set.name} where it knows them` : '';
  const document = new Document({ name, source: `drafted from the columns of a table${hierarchy}`, labels });
  document.commentBefore = [
    ' A label graph: see "Add your data set in five minutes" in the documentation of @cxr-align/label-graph.',
    ' Keys of a label: parents, synonyms, associatedTerms, finding, descriptors, prompts { positive, negative }, weight,',
    ' umls, group: true.',
  ].join('\n');
  (document.get('labels') as { items: Node[] }).items.forEach((item, i) => {
    if (isMap(item)) item.flow = true;
    if (!labels[i].group) item.comment = ` ${remark(labels[i].name)}`;
  });
  return document.toString({ lineWidth: 0, flowCollectionPadding: false });
}

/** A label with its synonyms, and with its finding where the label alone would be taken for another. */
function draftLabel({ name, parents, group }: DraftNode, finding: Finding | undefined): LabelDefinition {
  const texts = group || !finding ? [] : [finding.name, ...(finding.synonyms ?? [])];
  const synonyms = texts.filter((text) => normalizeLabel(text) !== normalizeLabel(name));
  const isMisread = !group && finding && standardVocabulary().findingOf({ name, synonyms })?.name !== finding.name;
  return {
    name,
    ...(parents.length > 0 && { parents }),
    ...(isMisread && { finding: finding.name }),
    ...(synonyms.length > 0 && { synonyms }),
    ...(group && { group }),
  };
}

/** The registered set that knows most of the columns; of several, the one with fewest labels. */
function bestSet(columns: readonly string[]): LabelGraph | undefined {
  const scored = labelSetNames().map((name) => {
    const set = new LabelGraph(labelSet(name));
    return { set, known: columns.filter((column) => set.find(column) !== undefined).length };
  });
  scored.sort((a, b) => b.known - a.known || a.set.labels.length - b.set.labels.length);
  return scored.length > 0 && scored[0].known > 0 ? scored[0].set : undefined;
}

/** The finding that a column names: as the set understands it, else as it is known. */
function findingIn(set: LabelGraph | undefined, column: string): Finding | undefined {
  const label = set?.find(column);
  const inSet = label === undefined || set!.node(label).group ? undefined : set!.finding(label);
  return inSet ?? standardVocabulary().findingOf({ name: column });
}

interface DraftNode {
  name: string;
  parents: string[];
  group: boolean;
}

/** The columns, and the groups of the set that gather some of them, each with what is directly above it. */
function nodesAmong(flat: LabelGraph, set: LabelGraph | undefined): DraftNode[] {
  const concepts = new ConceptGraph(set ? [flat, set] : [flat]);
  const columns = flat.labels.map((name) => ({ name, group: false, concept: concepts.concept(flat, name) }));
  const implied = new Map(columns.map(({ name, concept }) => [name, concepts.implied(concept)]));
  const groups = (set?.names ?? [])
    .filter((name) => set!.node(name).group)
    .map((name) => ({ name, group: true, concept: concepts.concept(set!, name) }))
    .filter(({ concept }) => columns.every((column) => column.concept !== concept))
    .filter(({ concept }) => columns.some(({ name }) => implied.get(name)!.has(concept)));
  const nodes = [...groups, ...columns];
  const above = new Map(
    nodes.map((node) => {
      const all = concepts.implied(node.concept);
      return [node.name, nodes.filter((other) => all.has(other.concept)).map(({ name }) => name)];
    }),
  );
  return nodes.map(({ name, group }) => {
    const all = above.get(name)!;
    // What is above something that is above, too, is no parent.
    const parents = all.filter((one) => !all.some((other) => other !== one && above.get(other)!.includes(one)));
    return { name, group, parents };
  });
}
