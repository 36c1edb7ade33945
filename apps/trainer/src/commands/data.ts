import {
  applyPolicy,
  describeBadRows,
  labelPolicies,
  overlappingPatients,
  readDataset,
  type Dataset,
  type Targets,
} from '@cxr-align/datasets';
import { loadImages } from '@cxr-align/image-backbone';
import { InputError } from '@cxr-align/files';
import { violationRate, type LabelGraph } from '@cxr-align/label-graph';
import { orNull } from '../maybe-number.js';
import { countEdges, type EdgeCount } from '../graph-agreement.js';
import { ancestorIndices, graphFor } from '../label-knowledge.js';
import { commonFlags, dataFlags, printResult, progress, type Command } from './command.js';

interface Flags {
  json: boolean;
  data: string;
  format: string;
  maxBad: number;
  checkImages: boolean;
}

/** `cxr-align data describe`: what is in a data set. */
export const data: Command<unknown> = {
  command: 'data',
  describe: 'See what is in a data set before anything is trained on it',
  builder: (yargs) =>
    yargs
      .command(
        'describe',
        'Count labels, patients, splits, and what each label policy does',
        (sub) =>
          sub.options({
            ...commonFlags,
            data: dataFlags.data,
            format: dataFlags.format,
            'max-bad': dataFlags['max-bad'],
            'check-images': { type: 'boolean', default: false, describe: 'Decode every image, too' },
          }),
        (given) => describe(given as unknown as Flags),
      )
      .demandCommand(1, 'expected data describe'),
  handler: async () => {},
};

async function describe({ json, data: path, format, maxBad, checkImages }: Flags): Promise<void> {
  const dataset = await readDataset(path, { format, maxBad });
  const unreadable = checkImages ? await checkAll(dataset) : null;
  const { labels, cells, samples } = dataset;
  const counts = Object.fromEntries(
    labels.map((label, i) => {
      const column = cells.filter((_, at) => at % labels.length === i);
      const count = (fits: (cell: number) => boolean): number => column.filter(fits).length;
      return [
        label,
        {
          1: count((cell) => cell === 1),
          0: count((cell) => cell === 0),
          '-1': count((cell) => cell === -1),
          blank: count(Number.isNaN),
        },
      ];
    }),
  );
  const graph = graphFor('auto', dataset);
  const policies = policyOutcomes(dataset, graph);
  const splits = Object.fromEntries(
    (['train', 'val', 'test'] as const).map((split) => {
      const own = samples.filter((sample) => sample.split === split);
      return [split, { images: own.length, patients: new Set(own.map(({ patient }) => patient)).size }];
    }),
  );
  const edges = countEdges(cells, graph);
  const violations = violationRate(
    cells.map((cell) => (cell === -1 ? NaN : cell)),
    graph,
  );
  const ages = samples.flatMap(({ age }) => age ?? []);
  const tally = (values: (string | undefined)[]): Record<string, number> => {
    const found: Record<string, number> = {};
    for (const value of values) found[value ?? 'missing'] = (found[value ?? 'missing'] ?? 0) + 1;
    return found;
  };
  const result = {
    format: dataset.format,
    reason: dataset.reason,
    rows: samples.length,
    badRows: dataset.badRows,
    patients: new Set(samples.map(({ patient }) => patient)).size,
    studies: new Set(samples.map(({ study }) => study)).size,
    labels,
    counts,
    policies,
    graph: graph.name,
    hierarchy: edges,
    labelViolations: orNull(violations),
    splits,
    patientsInSeveralSplits: overlappingPatients(dataset).size,
    sex: tally(samples.map(({ sex }) => sex)),
    view: tally(samples.map(({ view }) => view)),
    age: {
      known: ages.length,
      mean: orNull(ages.reduce((sum, age) => sum + age, 0) / ages.length),
      min: orNull(Math.min(...ages)),
      max: orNull(Math.max(...ages)),
    },
    unreadableImages: unreadable,
  };
  printResult(json, result, () => {
    const width = Math.max(5, ...labels.map((label) => label.length));
    const cell = (value: string | number): string => String(value).padStart(9);
    return [
      `${result.rows} images of ${result.patients} patients in ${result.studies} studies, read as ${result.format} (${result.reason})`,
      `splits: ${Object.entries(splits)
        .map(([split, { images, patients }]) => `${split} ${images} images of ${patients} patients`)
        .join(', ')}`,
      ...(result.patientsInSeveralSplits > 0
        ? [`warning: ${result.patientsInSeveralSplits} patients are in more than one split`]
        : []),
      `sex: ${sayTally(result.sex)}; view: ${sayTally(result.view)}; age: ${result.age.known} known${result.age.mean === null ? '' : `, mean ${result.age.mean.toFixed(1)}`}`,
      '',
      `${'label'.padEnd(width)}${['1', '0', '-1', 'blank', 'share'].map(cell).join('')}`,
      ...labels.map((label) => {
        const count = counts[label];
        const share = samples.length > 0 ? (count[1] / samples.length).toFixed(3) : '–';
        return `${label.padEnd(width)}${[count[1], count[0], count['-1'], count.blank, share].map(cell).join('')}`;
      }),
      '',
      ...policyLines(policies),
      '',
      ...hierarchyLines(edges, violations),
      ...(dataset.badRows.length > 0
        ? [`bad rows: ${dataset.badRows.length}\n${describeBadRows(dataset.badRows)}`]
        : []),
      ...(unreadable
        ? [
            unreadable.length === 0
              ? 'every image can be read'
              : `unreadable images: ${unreadable.length}\n${unreadable.slice(0, 5).join('\n')}`,
          ]
        : []),
    ].join('\n');
  });
  if (unreadable && unreadable.length > maxBad * samples.length) {
    throw new InputError(
      `${unreadable.length} of ${samples.length} images cannot be read; mend them, or allow more with --max-bad`,
    );
  }
}

type Outcome = Omit<Targets['counts'][number], 'label' | 'uncertainCells' | 'blankCells'>;

/** What each policy makes of each label. Policies that need an earlier model are left out. */
function policyOutcomes({ cells, labels }: Dataset, graph: LabelGraph): Record<string, Record<string, Outcome>> {
  const ancestors = ancestorIndices(graph);
  const known = Object.entries(labelPolicies).filter(([, { uncertain }]) => uncertain !== 'estimate');
  return Object.fromEntries(
    known.map(([name, policy]) => [
      name,
      Object.fromEntries(
        applyPolicy(cells, labels, policy, { ancestors }).counts.map(
          ({ label, uncertainCells: _uncertain, blankCells: _blank, ...outcome }) => [label, outcome],
        ),
      ),
    ]),
  );
}

/** The policies side by side, summed over the labels. */
function policyLines(policies: ReturnType<typeof policyOutcomes>): string[] {
  const columns = ['positives', 'negatives', 'soft', 'unknown', 'overruled', 'byHierarchy'] as const;
  const width = Math.max(...Object.keys(policies).map((name) => name.length));
  return [
    `${'label policy'.padEnd(width)}${columns.map((name) => name.padStart(12)).join('')}`,
    ...Object.entries(policies).map(([name, byLabel]) => {
      const sums = columns.map((column) => Object.values(byLabel).reduce((sum, outcome) => sum + outcome[column], 0));
      return `${name.padEnd(width)}${sums.map((sum) => String(sum).padStart(12)).join('')}`;
    }),
  ];
}

/** Whether the labels follow their hierarchy. */
function hierarchyLines(edges: readonly EdgeCount[], violations: number): string[] {
  if (edges.length === 0) return [];
  const width = Math.max(...edges.map(({ child, parent }) => child.length + parent.length));
  return [
    `hierarchy: ${(100 * violations).toFixed(2)} % of the known pairs have a child present and its parent absent`,
    ...edges.map(
      ({ child, parent, childPresent, parentPresent, parentAbsent, parentUnknown }) =>
        `${`${child} → ${parent}`.padEnd(width + 3)}  of ${childPresent} present: parent present ${parentPresent}, absent ${parentAbsent}, not told ${parentUnknown}`,
    ),
  ];
}

function sayTally(tally: Record<string, number>): string {
  return (
    Object.entries(tally)
      .map(([value, count]) => `${value} ${count}`)
      .join(', ') || 'none'
  );
}

async function checkAll({ samples }: Dataset): Promise<string[]> {
  const bar = progress.start('checking images', samples.length);
  const { unreadable } = await loadImages(
    samples.map(({ image }) => image),
    { size: 8, fit: 'stretch' },
    { onImage: (done) => bar.update(done) },
  );
  bar.stop();
  return unreadable.map(({ error }) => error.message);
}
