import { selectLabels, type Dataset } from '@cxr-align/datasets';
import { InputError } from '@cxr-align/files';
import { fitToColumns, type LabelGraph } from '@cxr-align/label-graph';

/** A data set without some of its labels, and the graph of those that are left. */
export interface HeldOut {
  dataset: Dataset;
  graph: LabelGraph;
  /** With those that are held out, last; undefined where none is. */
  zeroShot?: LabelGraph;
}

/**
 * Takes the labels out that a training is not to see.
 *
 * @param graph in the data's label order.
 * @throws {InputError} if one is no label of the data, or none is left.
 */
export function holdOut(dataset: Dataset, graph: LabelGraph, names: readonly string[]): HeldOut {
  if (names.length === 0) return { dataset, graph };
  const held = names.map((name) => {
    const label = graph.find(name);
    if (label === undefined || !graph.labels.includes(label))
      throw new InputError(`expected labels of the data to hold out (${graph.labels.join(', ')}), got ${name}`);
    return label;
  });
  const columns = graph.labels.flatMap((label, i) => (held.includes(label) ? [] : [i]));
  if (columns.length === 0)
    throw new InputError('expected a label that is trained, got all of them held out; hold out fewer');
  const kept = columns.map((column) => graph.labels[column]);
  return {
    dataset: selectLabels(dataset, columns),
    graph: fitToColumns(graph, kept),
    zeroShot: fitToColumns(graph, [...kept, ...new Set(held)]),
  };
}
