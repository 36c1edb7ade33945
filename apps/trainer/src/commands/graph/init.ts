import { existsSync } from 'node:fs';
import { basename } from 'node:path';
import { openTable, readDataset, type ReadDatasetOptions } from '@cxr-align/datasets';
import { InputError, writeFileAtomic } from '@cxr-align/files';
import { labelsInPaths } from '@cxr-align/label-graph';
import { draftLabelGraph } from '@cxr-align/label-graph/formats';
import { asInputError } from '@cxr-align/evaluation';
import { registerBuiltInLabelSets } from '@cxr-align/training';
import { columnsOf, printResult } from '../command.js';

interface Flags {
  json: boolean;
  data: string;
  format: string;
  column?: string[];
  pathColumn?: string;
  name?: string;
  out: string;
}

/** `graph init`: a first draft of a label graph, from the label columns of a data set or from a column of paths. */
export async function init({ json, data, format, column, pathColumn, name, out }: Flags): Promise<void> {
  if (pathColumn !== undefined && column !== undefined)
    throw new InputError(
      'expected --column or --path-column, got both: labels are those of columns, or of paths in one',
    );
  if (existsSync(out)) throw new InputError(`expected a new file for --out, got ${out}, which exists; name another`);
  const { labels, title } =
    pathColumn === undefined
      ? await labelsOf(data, { format, columns: columnsOf(column) })
      : { labels: await pathLabels(data, pathColumn), title: basename(data) };
  registerBuiltInLabelSets();
  const draft = asInputError(() => draftLabelGraph(labels, name ?? title));
  writeFileAtomic(out, draft.yaml);
  const unknown = draft.columns
    .filter(({ finding, label }) => finding === null && label === null)
    .map((one) => one.column);
  printResult(json, { file: out, set: draft.set, columns: draft.columns }, () =>
    [
      `${out}: ${labels.length} labels, ${labels.length - unknown.length} of them known, ${draft.set === null ? 'none of them in a shipped label set' : `hierarchy of ${draft.set}`}`,
      ...(unknown.length > 0 ? [`unknown: ${unknown.join(', ')}`] : []),
      `next: edit it, then cxr-align graph check --graph ${out} --data ${data}`,
    ].join('\n'),
  );
}

async function labelsOf(
  data: string,
  options: ReadDatasetOptions,
): Promise<{ labels: readonly string[]; title: string }> {
  const {
    annotations: { labels },
    name,
  } = await readDataset(data, options);
  return { labels, title: name };
}

async function pathLabels(file: string, column: string): Promise<string[]> {
  const { header, each } = await openTable(file);
  const at = header.indexOf(column);
  if (at < 0)
    throw new InputError(`expected a column ${JSON.stringify(column)}, got ${header.join(', ')}; check --path-column`, {
      file,
    });
  const paths = new Set<string>();
  await each((cells) => paths.add(cells[at]));
  const labels = labelsInPaths([...paths]);
  if (labels.length === 0) throw new InputError(`expected labels in the column ${column}, got blanks`, { file });
  return labels;
}
