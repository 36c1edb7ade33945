import { selectColumns, selectRows, type Annotations } from './annotations.js';
import type { ColumnUse } from './columns/column-roles.js';
import type { BadRow } from './table/table.js';

/** The three parts of a data set. */
export type Split = 'train' | 'val' | 'test';

/** Grey pixels that a data set holds in memory, as `.npz` sets do. */
export interface PixelArray {
  /** height × width grey values, row by row. */
  data: Uint8Array;
  height: number;
  width: number;
}

/** One image with what its table has for it. */
export interface Sample {
  /** Its name in results: the path as the table has it, or the number in an array. */
  id: string;
  /**
   * Absolute path of the file, which may lie in a ZIP archive (`…/images_001.zip/00000001_000.png`) or in a row of a Parquet file
   * (`…/train.parquet/image/0`); or the pixels themselves.
   */
  image: string | PixelArray;
  patient: string;
  study: string;
  split: Split;
  sex?: 'F' | 'M';
  /** Years. */
  age?: number;
  view?: string;
}

/** Where a finding was marked on an image. */
export interface LabelledBox {
  /** The sample's `id`. */
  image: string;
  label: string;
  /** Pixels of the image; x and y are the upper left corner. */
  x: number;
  y: number;
  w: number;
  h: number;
}

/** A data set as its reader found it, before any label policy. */
export interface Dataset {
  name: string;
  /** The reader that knew it, and how it was recognised. */
  format: string;
  reason: string;
  /** A label graph that came with the data, as JSON or YAML text, with the file it is from. */
  hierarchy?: { file: string; text: string };
  samples: Sample[];
  /** The labels, and what the tables have for them: a row for each sample. */
  annotations: Annotations;
  badRows: BadRow[];
  /** Images of the tables that are no samples, and why. */
  excluded: { reason: string; images: number }[];
  /** Which columns of the tables were used as what, and which were not. */
  columns: ColumnUse;
  /** What a person should know before using the set: columns, guesses, names found by a rule, texts that were not read. */
  remarks: string[];
  /** What was marked on the images, where the data set has it. */
  boxes?: LabelledBox[];
  /** Facts of the usable rows of the table that samples do not keep, under the names that the set's readers know. */
  tableFacts?: Record<string, number | Record<string, number>>;
  /** How the table writes the sexes, where it has words of its own. */
  sexNames?: { F: string; M: string };
  /** True if the splits are the data set's own; false if they were drawn here. */
  hasOwnSplits: boolean;
}

/** The samples of a data set at some positions, with their annotations. */
export function selectSamples(dataset: Dataset, positions: ArrayLike<number>): Dataset {
  return {
    ...dataset,
    samples: Array.from(positions, (position) => dataset.samples[position]),
    annotations: selectRows(dataset.annotations, positions),
  };
}

/** Some label columns of a data set, in an order. */
export function selectLabels(dataset: Dataset, columns: readonly number[]): Dataset {
  return { ...dataset, annotations: selectColumns(dataset.annotations, columns) };
}

/** The samples of one split. */
export function selectSplit(dataset: Dataset, split: Split): Dataset {
  return selectSamples(
    dataset,
    dataset.samples.flatMap((sample, i) => (sample.split === split ? [i] : [])),
  );
}
