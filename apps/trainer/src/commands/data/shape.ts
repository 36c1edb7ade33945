import { existsSync } from 'node:fs';
import { labelsTable, type Dataset, type LabelFormat } from '@cxr-align/datasets';
import { InputError, writeFileAtomic } from '@cxr-align/files';
import {
  balanceDataset,
  checkFiles,
  checkImages,
  filterDataset,
  mergeDatasets,
  policyTargets,
  splitDataset,
  summarizeImages,
  writeDataset,
  writtenText,
  type FilterOptions,
  type Grouping,
} from '@cxr-align/curation';
import { duplicateLines, fileCheckLines } from '@cxr-align/run-report';
import { graphFor, loadGraph } from '@cxr-align/training';
import { type DataFlags, printResult, progress, readData, stderrEvents } from '../command.js';

/** Flags of commands that read one data set and write another. */
interface ShapeFlags extends DataFlags {
  json: boolean;
  data: string;
  out: string;
  as: LabelFormat;
  seed: number;
}

/** `data split`: splits of whole patients, stratified over the labels. */
export async function split({
  json,
  data,
  out,
  as,
  seed,
  val,
  test,
  keepTest,
  ...flags
}: ShapeFlags & {
  val: number;
  test: number;
  keepTest: boolean;
}): Promise<void> {
  const dataset = await readData(data, flags);
  const shaped = asInputError(() => splitDataset({ dataset, val, test, keepTest, seed }));
  const written = await writeDataset({ folder: out, dataset: shaped, format: as });
  printResult(json, written, () => writtenText(written));
}

/** `data filter`: images that meet all conditions. */
export async function filter({
  json,
  data,
  out,
  as,
  split: of,
  has,
  lacks,
  sex,
  age,
  count,
  seed,
  ...flags
}: ShapeFlags & Omit<FilterOptions, 'dataset'>): Promise<void> {
  const dataset = await readData(data, flags);
  const kept = asInputError(() => filterDataset({ dataset, split: of, has, lacks, sex, age, count, seed }));
  const written = await writeDataset({ folder: out, dataset: kept, format: as });
  printResult(json, written, () => writtenText(written));
}

/** `data merge`: several sets in one label space. */
export async function merge({
  json,
  sets: given,
  out,
  as,
  graph,
  checkImages: isChecked,
  ...flags
}: Omit<ShapeFlags, 'data'> & {
  sets: string[];
  graph: string;
  checkImages?: boolean;
}): Promise<void> {
  // A path that looks like a number is read as one.
  const sets = given.map(String);
  const datasets: Dataset[] = [];
  for (const path of sets) datasets.push(await readData(path, flags));
  const { dataset, parts } = mergeDatasets({ datasets, graph: loadGraph(graph) });
  const on = stderrEvents();
  const { files } = await checkFiles({ dataset, on });
  const { samples } = dataset;
  const found = isChecked ? summarizeImages(samples, await checkImages({ samples, on })) : undefined;
  const nearly = found && { unreadable: found.unreadable, nearlySame: found.nearlySame };
  const written = await writeDataset({ folder: out, dataset, format: as });
  printResult(json, { ...written, parts, files, ...nearly }, () =>
    [
      writtenText(written),
      ...fileCheckLines(files),
      ...(found ? duplicateLines('nearly the same pixels', found.nearlySame) : []),
      ...parts.map(
        ({ name, images, determined, unused }) =>
          `${name}: ${images} images have ${determined.length} of ${dataset.annotations.labels.length} labels (${determined.join(', ')})${unused.length > 0 ? `; not used: ${unused.join(', ')}` : ''}`,
      ),
    ].join('\n'),
  );
}

/** A value that a function refuses came from a flag: an error of the input. */
function asInputError<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw error instanceof RangeError ? new InputError(error.message.replace(/^\w+\/\w+: /, '')) : error;
  }
}

/** `data balance`: the same prevalence of a label in every group. */
export async function balance({
  json,
  data,
  out,
  as,
  seed,
  label,
  by,
  prevalence,
  sameSize,
  split: of,
  ...flags
}: ShapeFlags & {
  label: string;
  by: Grouping[];
  prevalence?: number;
  sameSize: boolean;
  split?: string;
}): Promise<void> {
  const dataset = await readData(data, flags);
  const balanced = asInputError(() => balanceDataset({ dataset, label, by, prevalence, sameSize, split: of, seed }));
  const written = await writeDataset({ folder: out, dataset: balanced.dataset, format: as });
  const { groups } = balanced;
  printResult(json, { ...written, label, prevalence: balanced.prevalence, groups }, () => {
    const width = Math.max(5, ...groups.map(({ group }) => group.length));
    const share = (of: { positives: number; negatives: number }): string =>
      `${of.positives} of ${of.positives + of.negatives} (${((100 * of.positives) / (of.positives + of.negatives)).toFixed(1)} %)`;
    return [
      `images with ${label}, by ${by.join(' and ')}:`,
      ...groups.map(
        ({ group, before, after }) => `${group.padEnd(width)}  before ${share(before)}, now ${share(after)}`,
      ),
      writtenText(written),
    ].join('\n');
  });
}

/** `data export`: the labels as one table; as targets by a policy if one is named. */
export async function exportLabels({
  json,
  data,
  out,
  labelPolicy,
  graph,
  seed,
  force,
  ...flags
}: Omit<ShapeFlags, 'as'> & {
  labelPolicy?: string;
  graph: string;
  force: boolean;
}): Promise<void> {
  const format = /\.(csv|parquet)$/.exec(out)?.[1] as LabelFormat | undefined;
  if (!format) throw new InputError(`expected --out to end in .csv or .parquet, got ${out}`);
  if (existsSync(out) && !force)
    throw new InputError(`expected a new file for --out, got ${out}, which exists; add --force`);
  const dataset = await readData(data, flags);
  const targets =
    labelPolicy === undefined
      ? undefined
      : policyTargets({ dataset, policy: labelPolicy, graph: graphFor(graph, dataset), seed });
  if (targets && targets.unknown > 0) progress.remark(`${targets.unknown} targets are unknown and left blank`);
  const annotations = targets?.annotations ?? dataset.annotations;
  writeFileAtomic(out, labelsTable({ ...dataset, annotations }, format));
  const result = { file: out, rows: dataset.samples.length, labels: annotations.labels };
  printResult(json, result, () => `${out}: ${result.rows} rows, ${result.labels.length} labels`);
}
