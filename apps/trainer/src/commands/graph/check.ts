import { readDataset } from '@cxr-align/datasets';
import { InputError } from '@cxr-align/files';
import { matchColumns } from '@cxr-align/label-graph';
import { faultText } from '@cxr-align/evaluation';
import { loadGraph } from '@cxr-align/training';
import { columnsOf, printResult } from '../command.js';

interface Flags {
  json: boolean;
  graph: string;
  data?: string;
  format: string;
  column?: string[];
}

/** `graph check`: whether a graph is valid, and whether it matches the columns of a data set. */
export async function check({ json, graph: choice, data, format, column }: Flags): Promise<void> {
  const graph = loadGraph(choice);
  const columns =
    data === undefined
      ? undefined
      : (await readDataset(data, { format, columns: columnsOf(column) })).annotations.labels;
  const { matched, missing, unused, faults } = columns
    ? matchColumns(graph, columns)
    : { matched: [], missing: [], unused: [], faults: [] };
  const reported = faults.map((fault) => ({ kind: fault.kind, labels: fault.labels, message: fault.message }));
  const edges = graph.labelEdges().length;
  printResult(
    json,
    { graph: graph.name, labels: graph.labels.length, edges, matched, missing, unused, faults: reported },
    () =>
      [
        `${graph.name}: ${graph.labels.length} labels, ${edges} edges between them, ${columns ? `${faults.length || 'no'} fault${faults.length === 1 ? '' : 's'} against the data` : 'no fault'}`,
        ...matched.map(({ column, label }) =>
          label === null ? `✗ ${column}: not in the graph` : `✓ ${column}${label === column ? '' : ` = ${label}`}`,
        ),
        ...unused.map((label) => `✗ no column for ${label}`),
      ].join('\n'),
  );
  if (faults.length > 0) throw new InputError(faults.map(faultText).join('\n'));
}
