import { readDataset } from '@cxr-align/datasets';
import { InputError } from '@cxr-align/files';
import {
  isCounted,
  labelMatrix,
  matrixNormalizations,
  normalizeMatrix,
  type MatrixKind,
  type MatrixNormalization,
} from '@cxr-align/label-graph';
import { inOrderOf, loadGraph } from '@cxr-align/training';
import { orNull } from '@cxr-align/evaluation';
import { columnsOf, printResult } from '../command.js';

interface Flags {
  json: boolean;
  graph: string;
  kind: MatrixKind;
  table?: string;
  format: string;
  column?: string[];
  normalize?: string;
  tau: number;
}

/** `graph matrix`: a matrix in the label order of the graph; what is not finite is null in JSON. */
export async function matrix(flags: Flags): Promise<void> {
  const { json, graph: choice, kind, table, format, column, normalize, tau } = flags;
  if (isCounted(kind) && table === undefined)
    throw new InputError(`expected a table to count ${kind} in, got none; add --table FILE`);
  if (!(tau > 0)) throw new InputError(`expected --tau above 0, got ${tau}`);
  const graph = loadGraph(choice);
  const annotations = isCounted(kind)
    ? inOrderOf(graph, await readDataset(table!, { format, columns: columnsOf(column) })).annotations.values
    : undefined;
  const scales = (normalize?.split(',') ?? []).map((name) => {
    if (!matrixNormalizations.includes(name as MatrixNormalization))
      throw new InputError(`expected --normalize of ${matrixNormalizations.join(', ')}, got ${name}`);
    return name as MatrixNormalization;
  });
  const { labels, values } = scales.reduce(
    (scaled, name) => normalizeMatrix(scaled, name, { tau }),
    labelMatrix(kind, graph, annotations),
  );
  const rows = labels.map((_, i) => Array.from(values.subarray(i * labels.length, (i + 1) * labels.length)));
  printResult(json, { labels, matrix: rows.map((row) => row.map(orNull)) }, () => {
    const cell = (value: number): string =>
      !Number.isFinite(value) ? '–' : Number.isInteger(value) ? String(value) : value.toFixed(2);
    const width = Math.max(...labels.map((label) => label.length));
    const cellWidth = 1 + rows.flat().reduce((most, value) => Math.max(most, cell(value).length), 4);
    return labels
      .map((label, i) => `${label.padEnd(width)}  ${rows[i].map((value) => cell(value).padStart(cellWidth)).join('')}`)
      .join('\n');
  });
}
