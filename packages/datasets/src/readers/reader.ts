import type { BadRow, Dataset, Sample } from '../dataset.js';

/** Knows one layout of files. */
export interface DatasetReader {
  /** The name that `--format` takes. */
  format: string;
  /** Why a folder or file is of this layout, or undefined if it is not. */
  recognize: (path: string) => string | undefined;
  /** Reads it. @throws {InputError} if it cannot be used at all; single rows are listed instead. */
  read: (path: string) => Omit<Dataset, 'format' | 'reason'>;
}

/** Collects rows while a table is read. */
export class DatasetBuilder {
  readonly samples: Sample[] = [];
  readonly badRows: BadRow[] = [];
  private readonly cells: number[] = [];

  constructor(readonly labels: readonly string[]) {}

  add(sample: Sample, cells: readonly number[]): void {
    this.samples.push(sample);
    for (const cell of cells) this.cells.push(cell);
  }

  reject(row: BadRow): void {
    this.badRows.push(row);
  }

  /** What a reader returns. */
  result(name: string, rest: Pick<Dataset, 'hierarchy' | 'hasOwnSplits'>): Omit<Dataset, 'format' | 'reason'> {
    return {
      name,
      labels: this.labels,
      samples: this.samples,
      cells: Float32Array.from(this.cells),
      badRows: this.badRows,
      ...rest,
    };
  }
}
