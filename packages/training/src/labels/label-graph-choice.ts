import { existsSync, readFileSync } from 'node:fs';
import { InputError } from '@cxr-align/files';
import { selectLabels, type Annotations, type Dataset } from '@cxr-align/datasets';
import {
  countCooccurrence,
  fitToColumns,
  labelGraphFromPaths,
  LabelGraph,
  labelSet,
  labelSetFor,
  labelSetNames,
  registerLabelSet,
  matchColumns,
} from '@cxr-align/label-graph';
import { parseLabelGraph, readLabelGraph } from '@cxr-align/label-graph/formats';
import { builtInLabelSets } from '@cxr-align/label-graph/sets';
import { asInputError, faultText } from '@cxr-align/evaluation';

/** A data set's labels and what came with them. */
type Labelled = Pick<Dataset, 'hierarchy' | 'name'> & { annotations: Pick<Annotations, 'labels'> };

/**
 * The label graph of a data set: the one that was chosen, else the one that came with the data, else the paths of
 * the labels, else the label set with just these labels, else a flat one. Its label order is that of the data.
 */
export function graphFor(choice: string, { annotations: { labels }, hierarchy, name }: Labelled): LabelGraph {
  registerBuiltInLabelSets();
  return asInputError(() => {
    if (choice !== 'auto') return fitToColumns(loadGraph(choice), labels);
    if (hierarchy) return fitToColumns(parseLabelGraph(hierarchy.text, hierarchy.file), labels);
    if (labels.some((label) => label.includes('/'))) return labelGraphFromPaths(labels, name);
    const set = labelSetFor(labels);
    return set
      ? new LabelGraph(set)
      : new LabelGraph({ name, source: 'the columns of the table', labels: labels.map((label) => ({ name: label })) });
  });
}

/** Remarks on a chosen graph that has labels that the data lacks. */
export function graphRemarks(choice: string, { annotations: { labels } }: Labelled): string[] {
  if (choice === 'auto') return [];
  const graph = loadGraph(choice);
  const { unused } = matchColumns(graph, labels);
  return unused.length > 0
    ? [`the label graph ${graph.name} has labels that the data lacks, which are no targets: ${unused.join(', ')}`]
    : [];
}

/** Registers the label sets of `@cxr-align/label-graph/sets`, beside those of plug-ins; again is no error. */
export function registerBuiltInLabelSets(): void {
  for (const set of builtInLabelSets) registerLabelSet(set);
}

/** The names that {@link loadGraph} takes: the built-in label sets, and those that were registered. */
export function labelGraphChoices(): string[] {
  registerBuiltInLabelSets();
  return labelSetNames();
}

/** Second names of label sets. */
const secondNames: ReadonlyMap<string, string> = new Map([['seed-14', 'reference-14']]);

/** A label set by its name (`seed-14` is a second name of `reference-14`), or a JSON, YAML, GEXF or GraphML file. */
export function loadGraph(choice: string): LabelGraph {
  return asInputError(() => {
    const names = labelGraphChoices();
    const name = secondNames.get(choice) ?? choice;
    if (names.includes(name)) return new LabelGraph(labelSet(name));
    if (!existsSync(choice)) {
      throw new InputError(
        `expected a label graph: one of ${names.join(', ')}, or a JSON, YAML, GEXF or GraphML file; got ${choice} (no such file)`,
      );
    }
    return readLabelGraph(readFileSync(choice, 'utf8'), choice);
  });
}

/**
 * A data set in the label order of a graph, whatever the order and the spelling of its columns.
 *
 * @throws {InputError} if a label has no column, or two.
 */
export function inOrderOf(graph: LabelGraph, dataset: Dataset): Dataset {
  const { matched, faults } = matchColumns(graph, dataset.annotations.labels);
  const fault = faults.find(({ kind }) => kind !== 'unknown-column');
  if (fault) throw new InputError(faultText(fault));
  const columns = graph.labels.map((label) => matched.findIndex((match) => match.label === label));
  const ordered = selectLabels(dataset, columns);
  return { ...ordered, annotations: { ...ordered.annotations, labels: graph.labels } };
}

/** The label graph of a data set to be evaluated: the run's own where the labels are the same. */
export function dataGraph(choice: string | undefined, dataset: Dataset, graph: LabelGraph): LabelGraph {
  if (choice === undefined && matchColumns(graph, dataset.annotations.labels).faults.length === 0)
    return fitToColumns(graph, dataset.annotations.labels);
  return graphFor(choice ?? 'auto', dataset);
}

/** How often labels are present, for remarks beside a graph. */
export function positivesIn(graph: LabelGraph, dataset: Pick<Dataset, 'annotations'>): Map<string, number> {
  const { matched } = matchColumns(graph, dataset.annotations.labels);
  const { values } = countCooccurrence(dataset.annotations.values, dataset.annotations.labels);
  const n = dataset.annotations.labels.length;
  return new Map(matched.flatMap(({ label }, i) => (label === null ? [] : [[label, values[i * n + i]] as const])));
}
