import { LabelGraphError } from './definition.js';
import { LabelGraph } from './label-graph.js';
import { didYouMean } from './nearest-name.js';
import { normalizeLabel } from './normalize-label.js';

/** How the label columns of a table and the labels of a graph go together. */
export interface ColumnMatch {
  /** Each column with the label that it is, by name or synonym; null where there is none. */
  matched: { column: string; label: string | null }[];
  /** Columns that no label stands for. */
  missing: string[];
  /** Labels that no column stands for. */
  unused: string[];
  /** The same as errors, each with a suggested fix; two columns for one label are a `duplicate`. */
  faults: LabelGraphError[];
}

/** Matches the label columns of a table with the labels of a graph. */
export function matchColumns(graph: LabelGraph, columns: readonly string[]): ColumnMatch {
  const byName = new Map(graph.labels.map((label) => [normalizeLabel(label), label]));
  const isLabel = new Set(graph.labels);
  const matched = columns.map((column) => {
    const label = byName.get(normalizeLabel(column)) ?? graph.find(column);
    return { column, label: label !== undefined && isLabel.has(label) ? label : null };
  });
  const missing = matched.filter(({ label }) => label === null).map(({ column }) => column);
  const taken = new Map<string, string[]>();
  for (const { column, label } of matched) if (label !== null) taken.set(label, [...(taken.get(label) ?? []), column]);
  const unused = graph.labels.filter((label) => !taken.has(label));
  const unusedNames = unused.flatMap((label) => [label, ...graph.synonyms(label)]);
  const where = `label-graph/${graph.name}`;
  const faults = [
    ...missing.map(
      (column) =>
        new LabelGraphError(
          'unknown-column',
          `${where}: expected a label for every column, got none for ${JSON.stringify(column)}; ${didYouMean(column, unusedNames)}add it to the labels, or as a synonym of one`,
          [column],
        ),
    ),
    ...unused.map(
      (label) =>
        new LabelGraphError(
          'no-column',
          `${where}: expected a column for every label, got none for ${JSON.stringify(label)}; add the column, give the column's name as a synonym, or mark the label "group": true if labels are below it`,
          [label],
        ),
    ),
    ...[...taken].flatMap(([label, both]) =>
      both.length > 1
        ? [
            new LabelGraphError(
              'duplicate',
              `${where}: expected one column for ${JSON.stringify(label)}, got ${both.join(' and ')}; remove the synonym, or one of the columns`,
              [label],
            ),
          ]
        : [],
    ),
  ];
  return { matched, missing, unused, faults };
}

/**
 * The graph with its labels named and ordered as the columns of a table; labels without a column become groups, and are
 * removed where nothing is below them.
 *
 * @throws {LabelGraphError} if a column has no label, or if two have the same.
 */
export function fitToColumns(graph: LabelGraph, columns: readonly string[]): LabelGraph {
  const { matched, faults } = matchColumns(graph, columns);
  const fault = faults.find(({ kind }) => kind !== 'no-column');
  if (fault) throw fault;
  const renamed = new Map(matched.map(({ column, label }) => [label!, column]));
  const rename = (name: string): string => renamed.get(name) ?? name;
  const definition = graph.toDefinition();
  const hasLabel = (name: string): boolean => [name, ...graph.descendants(name)].some((below) => renamed.has(below));
  return new LabelGraph({
    ...definition,
    labels: definition.labels
      .filter(({ name }) => hasLabel(name))
      .map((label) => ({
        ...label,
        name: rename(label.name),
        ...(label.parents && { parents: label.parents.map(rename) }),
        ...(label.name !== rename(label.name) && { synonyms: [label.name, ...(label.synonyms ?? [])] }),
        group: !renamed.has(label.name),
      })),
    order: columns,
  });
}
