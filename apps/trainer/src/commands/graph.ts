import { readDataset } from '@cxr-align/datasets';
import { InputError } from '@cxr-align/files';
import { drawTree, matrixKinds, normalizeLabel, type MatrixKind } from '@cxr-align/label-graph';
import { loadGraph } from '../label-knowledge.js';
import { commonFlags, printResult, type Command } from './command.js';

const graphFlag = {
  graph: { type: 'string', demandOption: true, describe: 'A shipped label set, or a JSON or YAML file' },
} as const;

interface Flags {
  json: boolean;
  graph: string;
  data?: string;
  kind: MatrixKind;
}

/** `cxr-align graph show|check|matrix`. */
export const graph: Command<unknown> = {
  command: 'graph',
  describe: 'Print, check and measure a label graph',
  builder: (yargs) =>
    yargs
      .command(
        'show',
        'Print the tree, with the positives of a data set if one is named',
        (sub) =>
          sub.options({ ...commonFlags, ...graphFlag, data: { type: 'string', describe: 'Data set to count in' } }),
        (given) => show(given as unknown as Flags),
      )
      .command(
        'check',
        'Check a label graph, and against the columns of a data set if one is named',
        (sub) =>
          sub.options({
            ...commonFlags,
            ...graphFlag,
            data: { type: 'string', describe: 'Data set whose labels it must hold' },
          }),
        (given) => check(given as unknown as Flags),
      )
      .command(
        'matrix',
        'Print a matrix of a label graph',
        (sub) =>
          sub.options({
            ...commonFlags,
            ...graphFlag,
            kind: { choices: Object.keys(matrixKinds) as MatrixKind[], demandOption: true, describe: 'Which matrix' },
          }),
        (given) => matrix(given as unknown as Flags),
      )
      .demandCommand(1, 'expected graph show, graph check or graph matrix'),
  handler: async () => {},
};

function show({ json, graph: choice, data }: Flags): void {
  const labels = loadGraph(choice);
  const counts = new Map<string, number>();
  if (data !== undefined) {
    const dataset = readDataset(data);
    dataset.labels.forEach((label, i) => {
      const name = labels.find(label);
      const positives = dataset.cells.filter((cell, at) => at % dataset.labels.length === i && cell === 1).length;
      if (name) counts.set(name, positives);
    });
  }
  printResult(
    json,
    { ...labels.toDefinition(), ...(data !== undefined && { positives: Object.fromEntries(counts) }) },
    () =>
      [`${labels.name} (${labels.source})`, drawTree(labels, (name) => counts.get(name)?.toString() ?? '')].join('\n'),
  );
}

function check({ json, graph: choice, data }: Flags): void {
  const labels = loadGraph(choice);
  const columns = data === undefined ? [] : readDataset(data).labels;
  const matched = columns.map((column) => ({
    column,
    label:
      labels.labels.find((label) => normalizeLabel(label) === normalizeLabel(column)) ?? labels.find(column) ?? null,
  }));
  const missing = matched.filter(({ label }) => label === null).map(({ column }) => column);
  const unused =
    data === undefined ? [] : labels.labels.filter((label) => !matched.some((match) => match.label === label));
  printResult(json, { graph: labels.name, labels: labels.labels.length, matched, missing, unused }, () =>
    [
      `${labels.name}: ${labels.labels.length} labels, ${labels.labelEdges().length} edges between them, no fault`,
      ...matched.map(({ column, label }) =>
        label === null ? `✗ ${column}: not in the graph` : `✓ ${column}${label === column ? '' : ` = ${label}`}`,
      ),
      ...(unused.length > 0 ? [`no column for: ${unused.join(', ')}`] : []),
    ].join('\n'),
  );
  if (missing.length > 0)
    throw new InputError(
      `expected every column in the graph, got none for ${missing.join(', ')}; add them to the graph`,
    );
}

function matrix({ json, graph: choice, kind }: Flags): void {
  const { labels, values } = matrixKinds[kind](loadGraph(choice));
  const rows = labels.map((_, i) => [...values.subarray(i * labels.length, (i + 1) * labels.length)]);
  printResult(json, { labels, matrix: rows }, () => {
    const width = Math.max(...labels.map((label) => label.length));
    return labels
      .map(
        (label, i) =>
          `${label.padEnd(width)}  ${rows[i].map((value) => (Number.isInteger(value) ? String(value) : value.toFixed(2)).padStart(5)).join('')}`,
      )
      .join('\n');
  });
}
