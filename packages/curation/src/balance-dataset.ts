import { balanceGroups, projectionOf, type BalancedGroup, type Dataset, type Sample } from '@cxr-align/datasets';
import { refuseUnknownOptions } from '@cxr-align/training';
import { filterDataset } from './filter-dataset.js';

/** The attributes that images are grouped by. */
export const groupings = ['sex', 'age', 'view', 'projection', 'source'] as const;
/** One of {@link groupings}. */
export type Grouping = (typeof groupings)[number];

/** How a data set is balanced. */
export interface BalanceDatasetOptions {
  dataset: Dataset;
  /** The label whose prevalence becomes equal. */
  label: string;
  /** Attributes that make the groups, combined. */
  by: readonly Grouping[];
  /** Share of images with the label; that of all images unless given. */
  prevalence?: number;
  /** As many images in every group, too. Default false. */
  sameSize?: boolean;
  /** Only images of this split. */
  split?: string;
  /** Random seed. Default 0. */
  seed?: number;
}

const known = ['dataset', 'label', 'by', 'prevalence', 'sameSize', 'split', 'seed'];

const groupOf: Record<Grouping, (sample: Sample) => string | undefined> = {
  sex: ({ sex }) => sex,
  age: ({ age }) => (age === undefined ? undefined : age < 40 ? 'under 40' : age < 60 ? '40-59' : '60 and over'),
  view: ({ view }) => view,
  projection: ({ view }) => projectionOf(view),
  // Of a merged set: the name of the set that the image is from.
  source: ({ id }) => (id.includes('/') ? id.slice(0, id.indexOf('/')) : undefined),
};

/**
 * Excludes images at random until a label is as frequent in one group as in the others. Images without one of the attributes are
 * in no group.
 *
 * @throws {RangeError} for a label, prevalence or grouping that the data set does not allow: which.
 * @throws {TypeError} for an unknown option.
 */
export function balanceDataset(options: BalanceDatasetOptions): {
  dataset: Dataset;
  prevalence: number;
  groups: BalancedGroup[];
} {
  refuseUnknownOptions('curation/balanceDataset', options, known);
  const { dataset, label, by, prevalence, sameSize, split, seed = 0 } = options;
  const chosen = split === undefined ? dataset : filterDataset({ dataset, split });
  const grouped = (sample: Sample): string | undefined => {
    const groups = by.map((name) => groupOf[name](sample));
    return groups.includes(undefined) ? undefined : groups.join(', ');
  };
  return balanceGroups(chosen, { label, groupOf: grouped, prevalence, sameSize, seed });
}
