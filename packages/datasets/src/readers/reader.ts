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
  private cells = new Float32Array(1024);
  private filled = 0;

  constructor(readonly labels: readonly string[]) {}

  add(sample: Sample, cells: ArrayLike<number>): void {
    this.samples.push(sample);
    if (this.filled + cells.length > this.cells.length) {
      const larger = new Float32Array(2 * (this.filled + cells.length));
      larger.set(this.cells);
      this.cells = larger;
    }
    this.cells.set(cells, this.filled);
    this.filled += cells.length;
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
      cells: this.cells.slice(0, this.filled),
      badRows: this.badRows,
      ...rest,
    };
  }
}
