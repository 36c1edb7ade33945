import type { Sample } from '@cxr-align/datasets';
import { InputError } from '@cxr-align/files/input-error';
import { subgroupAudit, type Clusters } from '@cxr-align/metrics';
import type { Evaluation, Interval } from './evaluation-schema.js';
import { orNull } from './maybe-number.js';
import type { LabelColumn } from './label-scores.js';

/** Attributes of samples: for each the group of each sample, null where it is missing. */
export type GroupColumns = Readonly<Record<string, readonly (string | null)[]>>;

/** Audits every label over every attribute, at the threshold that all groups share. */
export function auditFairness(
  labels: readonly string[],
  columns: readonly LabelColumn[],
  attributes: GroupColumns,
  { resamples, clusters }: { resamples: number; clusters: Clusters },
): Evaluation['fairness'] {
  const pair = (values: [number, number]): Interval => values.map(orNull) as Interval;
  return Object.entries(attributes).map(([attribute, groups]) => {
    const audits = columns.map((column) =>
      subgroupAudit(column.targets, column.scores, groups, {
        threshold: thresholdOnScores(column),
        resamples,
        clusters,
      }),
    );
    const byLabel = audits.map(({ groups: found, worst, spread }, i) => [
      labels[i],
      {
        groups: Object.fromEntries(
          found.map((one) => [
            one.group,
            {
              images: one.rows,
              positives: one.positives,
              negatives: one.negatives,
              small: one.isSmall,
              auroc: orNull(one.auroc),
              truePositiveRate: orNull(one.truePositiveRate),
              falsePositiveRate: orNull(one.falsePositiveRate),
              gapToMedian: orNull(one.gapToMedian),
              gapToMedianCi: pair(one.gapToMedianCi),
              gapToRest: orNull(one.gapToRest),
              gapToRestCi: pair(one.gapToRestCi),
            },
          ]),
        ),
        worst,
        spread: orNull(spread),
      },
    ]);
    return { attribute, missing: audits[0]?.missing ?? 0, labels: Object.fromEntries(byLabel) };
  });
}

/** The score from which on a label is called: the lowest of those that are; above all where none is. */
function thresholdOnScores({ scores, decisions }: LabelColumn): number {
  return scores.reduce((lowest, score, row) => (decisions[row] === 1 ? Math.min(lowest, score) : lowest), Infinity);
}

/** Attributes that are read from the samples of a data set. */
const readers: Readonly<Record<string, (sample: Pick<Sample, 'sex' | 'age' | 'view'>) => string | null>> = {
  sex: ({ sex }) => sex ?? null,
  age: ({ age }) => (age === undefined ? null : ageBucket(age)),
  view: ({ view }) => view ?? null,
};

/** Ages in twenties, 80 and more together, as CheXclusion has them. */
function ageBucket(age: number): string {
  const low = Math.min(80, 20 * Math.floor(age / 20));
  return low === 80 ? '80+' : `${low}–${low + 19}`;
}

/**
 * The attributes that a configuration names: sex, age, view, or products of them such as `sex*age`; those that no sample
 * has, or all share, are excluded.
 *
 * @throws {InputError} on another name.
 */
export function sampleGroups(
  samples: readonly Pick<Sample, 'sex' | 'age' | 'view'>[],
  attributes: readonly string[],
): GroupColumns {
  const columns = attributes.map((attribute) => {
    const parts = attribute.split('*').map((part) => part.trim());
    const strange = parts.find((part) => !Object.hasOwn(readers, part));
    if (strange !== undefined)
      throw new InputError(
        `expected fairness attributes of ${Object.keys(readers).join(', ')}, or products such as sex*age, got ${strange}`,
      );
    const values = samples.map((sample) => product(parts.map((part) => readers[part](sample))));
    return [parts.join(' × '), values] as const;
  });
  return Object.fromEntries(columns.filter(([, values]) => new Set(values.filter((value) => value !== null)).size > 1));
}

/**
 * The columns of a table as attributes, and the products of any two; blank cells are missing. Ages in years (a column `age` of
 * numbers) become ranges of twenty years, as {@link sampleGroups} has them.
 */
export function tableGroups(header: readonly string[], rows: readonly (readonly string[])[]): GroupColumns {
  const columns = header.map((name, at) => ({
    name,
    values: groupsOf(
      name,
      rows.map((cells) => cells[at].trim() || null),
    ),
  }));
  const pairs = columns.flatMap((one, i) =>
    columns.slice(i + 1).map((other) => ({
      name: `${one.name} × ${other.name}`,
      values: one.values.map((value, row) => product([value, other.values[row]])),
    })),
  );
  return Object.fromEntries([...columns, ...pairs].map(({ name, values }) => [name, values]));
}

/** The groups of a column: those of its cells, of ages their ranges. */
function groupsOf(name: string, cells: readonly (string | null)[]): readonly (string | null)[] {
  const isAge = name.trim().toLowerCase() === 'age' && cells.every((cell) => cell === null || Number(cell) >= 0);
  return isAge ? cells.map((cell) => (cell === null ? null : ageBucket(Number(cell)))) : cells;
}

function product(values: readonly (string | null)[]): string | null {
  return values.some((value) => value === null) ? null : values.join(' × ');
}
