import { existsSync } from 'node:fs';
import {
  applyPolicy,
  balanceGroups,
  labelPolicies,
  labelsTable,
  projectionOf,
  readDataset,
  selectSamples,
  stratifySplits,
  type Dataset,
  type LabelFormat,
  type LabelPolicy,
  type Sample,
} from '@cxr-align/datasets';
import { InputError, writeFileAtomic } from '@cxr-align/files';
import { filterData, type DataFilter } from '../../data/filter-data.js';
import { mergeData } from '../../data/merge-data.js';
import { writeData, writtenText } from '../../data/write-data.js';
import { ancestorIndices, graphFor, loadGraph } from '../../labels/label-knowledge.js';
import { printResult, progress, type DataFlags } from '../command.js';

/** Flags of what reads one data set and writes another. */
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
  for (const [name, share] of Object.entries({ val, test }))
    if (!(share >= 0 && share < 1)) throw new InputError(`expected --${name} in [0, 1), got ${share}`);
  if (val + test >= 1) throw new InputError(`expected --val and --test of less than 1 together, got ${val + test}`);
  const dataset = await readDataset(data, flags);
  const shaped = keepTest
    ? splitRest(dataset, val, seed)
    : stratifySplits(dataset, { shares: { train: 1 - val - test, val, test }, seed });
  const written = await writeData(out, shaped, as);
  printResult(json, written, () => writtenText(written));
}

/** Leaves the test split as it is. */
function splitRest(dataset: Dataset, val: number, seed: number): Dataset {
  const rest = dataset.samples.flatMap((sample, row) => (sample.split === 'test' ? [] : [row]));
  if (rest.length === dataset.samples.length)
    throw new InputError('expected a test split with --keep-test, got none; leave the flag out');
  const inTest = new Set(dataset.samples.flatMap(({ split: of, patient }) => (of === 'test' ? [patient] : [])));
  if (rest.some((row) => inTest.has(dataset.samples[row].patient)))
    throw new InputError(
      'expected no patient of the test split in another one with --keep-test, got some; leave the flag out',
    );
  const drawn = stratifySplits(selectSamples(dataset, rest), { shares: { train: 1 - val, val, test: 0 }, seed });
  const splitOf = new Map(drawn.samples.map((sample) => [sample.id, sample.split]));
  return {
    ...dataset,
    samples: dataset.samples.map((sample) => ({ ...sample, split: splitOf.get(sample.id) ?? sample.split })),
  };
}

/** `data filter`: the images that were asked for. */
export async function filter({ json, data, out, as, ...flags }: ShapeFlags & DataFilter): Promise<void> {
  const { count } = flags;
  if (count !== undefined && (!Number.isInteger(count) || count < 1))
    throw new InputError(`expected --count to be a whole number of 1 or more, got ${count}`);
  const written = await writeData(out, filterData(await readDataset(data, flags), flags), as);
  printResult(json, written, () => writtenText(written));
}

/** `data merge`: several sets in one label space. */
export async function merge({
  json,
  sets: given,
  out,
  as,
  graph,
  ...flags
}: Omit<ShapeFlags, 'data'> & {
  sets: string[];
  graph: string;
}): Promise<void> {
  // A path that looks like a number is read as one.
  const sets = given.map(String);
  if (sets.length < 2) throw new InputError(`expected two or more data sets, got ${sets.length}`);
  const datasets: Dataset[] = [];
  for (const path of sets) datasets.push(await readDataset(path, flags));
  const { dataset, parts } = mergeData(datasets, loadGraph(graph));
  const written = await writeData(out, dataset, as);
  printResult(json, { ...written, parts }, () =>
    [
      writtenText(written),
      ...parts.map(
        ({ name, images, told, unused }) =>
          `${name}: ${images} images tell ${told.length} of ${dataset.labels.length} labels (${told.join(', ')})${unused.length > 0 ? `; not used: ${unused.join(', ')}` : ''}`,
      ),
    ].join('\n'),
  );
}

/** What a function refuses of what was asked for is a fault of the input. */
function asked<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw error instanceof RangeError ? new InputError(error.message.replace(/^datasets\/\w+: /, '')) : error;
  }
}

/** The attributes that images are grouped by. */
export const groupings = ['sex', 'age', 'view', 'projection', 'source'] as const;
type Grouping = (typeof groupings)[number];

const groupOf: Record<Grouping, (sample: Sample) => string | undefined> = {
  sex: ({ sex }) => sex,
  age: ({ age }) => (age === undefined ? undefined : age < 40 ? 'under 40' : age < 60 ? '40-59' : '60 and over'),
  view: ({ view }) => view,
  projection: ({ view }) => projectionOf(view),
  // Of a merged set: the name of the set that the image is from.
  source: ({ id }) => (id.includes('/') ? id.slice(0, id.indexOf('/')) : undefined),
};

/** `data balance`: a label as frequent in one group as in the others. */
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
  const read = await readDataset(data, flags);
  const dataset = of === undefined ? read : filterData(read, { split: of, seed });
  const grouped = (sample: Sample): string | undefined => {
    const groups = by.map((name) => groupOf[name](sample));
    return groups.includes(undefined) ? undefined : groups.join(', ');
  };
  const balanced = asked(() => balanceGroups(dataset, { label, groupOf: grouped, prevalence, sameSize, seed }));
  const written = await writeData(out, balanced.dataset, as);
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
    throw new InputError(`expected a new file for --out, got ${out}, which exists; say --force`);
  const dataset = await readDataset(data, flags);
  const cells = labelPolicy === undefined ? dataset.cells : policyTargets(dataset, labelPolicy, graph, seed);
  writeFileAtomic(
    out,
    labelsTable({ ...dataset, cells, ...(labelPolicy !== undefined && { notLabelled: undefined }) }, format),
  );
  const result = { file: out, rows: dataset.samples.length, labels: dataset.labels };
  printResult(json, result, () => `${out}: ${result.rows} rows, ${result.labels.length} labels`);
}

function policyTargets(dataset: Dataset, name: string, graph: string, seed: number): Float32Array {
  const policy: LabelPolicy | undefined = labelPolicies[name];
  const known = Object.entries(labelPolicies).flatMap(([one, { uncertain }]) =>
    uncertain === 'estimate' ? [] : [one],
  );
  if (!policy || !known.includes(name))
    throw new InputError(`expected --label-policy of ${known.join(', ')}, got ${name}`);
  const { values, counts } = applyPolicy(dataset.cells, dataset.labels, policy, {
    ancestors: ancestorIndices(graphFor(graph, dataset)),
    seed,
    notLabelled: dataset.notLabelled,
  });
  const unknown = counts.reduce((sum, count) => sum + count.unknown, 0);
  if (unknown > 0) progress.say(`${unknown} targets stay unknown, and are blank`);
  return values;
}
