/** The three parts of a data set. */
export type Split = 'train' | 'val' | 'test';

/** Grey pixels that a data set holds in memory, as `.npz` sets do. */
export interface PixelArray {
  /** height × width grey values, row by row. */
  data: Uint8Array;
  height: number;
  width: number;
}

/** One image with what its table says of it. */
export interface Sample {
  /** Its name in results: the path as the table has it, or the number in an array. */
  id: string;
  /** Absolute path of the file, which may lie in a ZIP archive (`…/images_001.zip/00000001_000.png`); or the pixels themselves. */
  image: string | PixelArray;
  patient: string;
  study: string;
  split: Split;
  sex?: 'F' | 'M';
  /** Years. */
  age?: number;
  view?: string;
}

/** A table row that could not be used. */
export interface BadRow {
  file: string;
  /** Line of the file, the header being 1. */
  row: number;
  column?: string;
  expected: string;
  got: string;
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
  /** Label order. */
  labels: readonly string[];
  /** A label graph that came with the data, as JSON or YAML text, with the file it is from. */
  hierarchy?: { file: string; text: string };
  samples: Sample[];
  /** What the table says, [samples, labels] row by row: 1 present, 0 absent, −1 uncertain, NaN not mentioned. */
  cells: Float32Array;
  /**
   * 1 for cells, NaN in `cells`, of labels that nobody looked for in the image, as in a set merged of several: not known
   * under every policy, while a label that is just not mentioned may count as absent. Of the length of `cells`.
   */
  notLabelled?: Uint8Array;
  badRows: BadRow[];
  /** Images of the tables that are no samples, and why. */
  leftOut: { reason: string; images: number }[];
  /** What was marked on the images, where the data set says it. */
  boxes?: LabelledBox[];
  /** What the usable rows of the table say that samples do not keep, under the names that the set's readers know. */
  tableFacts?: Record<string, number | Record<string, number>>;
  /** How the table writes the sexes, where it has words of its own. */
  sexNames?: { F: string; M: string };
  /** True if the splits are the data set's own; false if they were drawn here. */
  hasOwnSplits: boolean;
}

/** The samples of a data set at some positions, with their cells. */
export function selectSamples(dataset: Dataset, positions: ArrayLike<number>): Dataset {
  const count = dataset.labels.length;
  const cells = new Float32Array(positions.length * count);
  const { notLabelled } = dataset;
  const mask = notLabelled && new Uint8Array(cells.length);
  const samples = Array.from(positions, (position, i) => {
    cells.set(dataset.cells.subarray(position * count, (position + 1) * count), i * count);
    mask?.set(notLabelled!.subarray(position * count, (position + 1) * count), i * count);
    return dataset.samples[position];
  });
  return { ...dataset, samples, cells, ...(mask && { notLabelled: mask }) };
}

/** Some label columns of a data set, in an order. */
export function selectLabels(dataset: Dataset, columns: readonly number[]): Dataset {
  const { labels, cells, notLabelled, samples } = dataset;
  const of = <T extends Float32Array | Uint8Array>(values: T, taken: T): T => {
    for (let row = 0; row < samples.length; row++)
      columns.forEach((column, i) => (taken[row * columns.length + i] = values[row * labels.length + column]));
    return taken;
  };
  const size = samples.length * columns.length;
  return {
    ...dataset,
    labels: columns.map((column) => labels[column]),
    cells: of(cells, new Float32Array(size)),
    ...(notLabelled && { notLabelled: of(notLabelled, new Uint8Array(size)) }),
  };
}

/** The samples of one split. */
export function selectSplit(dataset: Dataset, split: Split): Dataset {
  return selectSamples(
    dataset,
    dataset.samples.flatMap((sample, i) => (sample.split === split ? [i] : [])),
  );
}
