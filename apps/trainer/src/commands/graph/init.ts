import { existsSync } from 'node:fs';
import { basename } from 'node:path';
import { readDataset, readTable } from '@cxr-align/datasets';
import { InputError, writeFileAtomic } from '@cxr-align/files';
import { draftLabelGraph, labelsInPaths } from '@cxr-align/label-graph';
import { asInputError } from '../../label-knowledge.js';
import { printResult } from '../command.js';

interface Flags {
  json: boolean;
  data: string;
  format: string;
  column?: string;
  name?: string;
  out: string;
}

/** `graph init`: a first draft of a label graph, from the label columns of a data set or from a column of paths. */
export function init({ json, data, format, column, name, out }: Flags): void {
  if (existsSync(out)) throw new InputError(`expected a new file for --out, got ${out}, which exists; name another`);
  const { labels, title } =
    column === undefined ? labelsOf(data, format) : { labels: pathLabels(data, column), title: basename(data) };
  const draft = asInputError(() => draftLabelGraph(labels, name ?? title));
  writeFileAtomic(out, draft.yaml);
  const unknown = draft.columns
    .filter(({ finding, label }) => finding === null && label === null)
    .map((one) => one.column);
  printResult(json, { file: out, set: draft.set, columns: draft.columns }, () =>
    [
      `${out}: ${labels.length} labels, ${labels.length - unknown.length} of them known, hierarchy of ${draft.set} where it knows them`,
      ...(unknown.length > 0 ? [`known nowhere: ${unknown.join(', ')}`] : []),
      `next: edit it, then cxr-align graph check --graph ${out} --data ${data}`,
    ].join('\n'),
  );
}

function labelsOf(data: string, format: string): { labels: readonly string[]; title: string } {
  const { labels, name } = readDataset(data, { format });
  return { labels, title: name };
}

function pathLabels(file: string, column: string): string[] {
  const { header, rows: all } = readTable(file);
  const rows = [...all()];
  const at = header.indexOf(column);
  if (at < 0)
    throw new InputError(`expected a column ${JSON.stringify(column)}, got ${header.join(', ')}; check --column`, {
      file,
    });
  const labels = labelsInPaths(rows.map(({ cells }) => cells[at]));
  if (labels.length === 0) throw new InputError(`expected labels in the column ${column}, got blanks`, { file });
  return labels;
}
