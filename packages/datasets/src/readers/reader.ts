import { existsSync, readdirSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { InputError } from '@cxr-align/files';
import { BadCell, notLabelled } from '../cells.js';
import type { BadRow, Dataset, LabelledBox, Sample } from '../dataset.js';
import { openTable, type Table } from '../table.js';

/** What a reader is told beside the path. */
export interface ReaderOptions {
  /** The folder that the tables' image names start from, where it is not beside the tables. */
  images?: string;
}

/** What a reader finds. */
export type ReadData = Omit<Dataset, 'format' | 'reason'>;

/** Knows one layout of files. */
export interface DatasetReader {
  /** The name that `--format` takes. */
  format: string;
  /** What it looks for, for people who have something else. */
  looksFor: string;
  /** Why a folder or file is of this layout, or undefined if it is not. */
  recognize: (path: string) => Promise<string | undefined>;
  /** Reads it. @throws {InputError} if it cannot be used at all; single rows are listed instead. */
  read: (path: string, options: ReaderOptions) => Promise<ReadData>;
}

/** The folder that a path is, or that it lies in. */
export function folderOf(path: string): string {
  return statSync(path).isDirectory() ? path : dirname(path);
}

/** The first file of a folder whose name fits. */
export function fileIn(folder: string, name: RegExp): string | undefined {
  if (!existsSync(folder) || !statSync(folder).isDirectory()) return undefined;
  const found = readdirSync(folder).find((entry) => name.test(entry));
  return found === undefined ? undefined : join(folder, found);
}

/** The table that a path is, or the first one of a folder whose name fits. */
export function tableIn(path: string, name: RegExp): string | undefined {
  if (existsSync(path) && !statSync(path).isDirectory()) return /\.csv(\.gz)?$/.test(path) ? path : undefined;
  return fileIn(path, name);
}

/** Why a table is of some layout: it has the columns of that. Undefined if it has not, or if there is none. */
export async function columnsReason(file: string | undefined, columns: readonly string[]): Promise<string | undefined> {
  if (file === undefined) return undefined;
  const { header } = await openTable(file);
  return columns.every((column) => header.includes(column))
    ? `${basename(file)} has the columns ${columns.join(', ')}`
    : undefined;
}

/** Where columns of a table are. @throws {InputError} if one is missing. */
export function columnPlaces({ file, header }: Table, names: readonly string[]): number[] {
  const missing = names.filter((name) => !header.includes(name));
  if (missing.length > 0)
    throw new InputError(`expected the columns ${names.join(', ')}, got no ${missing.join(', ')}`, { file, row: 1 });
  return names.map((name) => header.indexOf(name));
}

/** Reads a column's text without blanks around it; an empty one if there is no such column. */
export function columnText({ header }: Table, name: string): (cells: readonly string[]) => string {
  const at = header.indexOf(name);
  return (cells) => (at < 0 ? '' : cells[at].trim());
}

/** Collects rows while tables are read. */
export class DatasetBuilder {
  readonly samples: Sample[] = [];
  readonly badRows: BadRow[] = [];
  readonly boxes: LabelledBox[] = [];
  private cells = new Float32Array(1024);
  private filled = 0;
  /** Places of cells that nobody looked for. */
  private readonly unlabelled: number[] = [];
  private readonly leftOut = new Map<string, number>();
  private readonly ids = new Set<string>();
  /** Whether rows are so long that the texts that are kept of them are copied. */
  private copies = false;

  constructor(readonly labels: readonly string[]) {}

  /**
   * @param sample belongs to the builder from here on.
   * @throws {BadCell} if there is a sample of that name: features and predictions could not be told apart.
   */
  add(sample: Sample, cells: ArrayLike<number>): void {
    const before = this.ids.size;
    if (this.ids.add(sample.id).size === before)
      throw new BadCell('image', 'one row for each image', `another row of ${sample.id}`);
    if (this.copies) copyTexts(sample);
    // Images of a patient mostly follow one another: one copy of their names does.
    const last = this.samples.at(-1);
    if (last?.patient === sample.patient) sample.patient = last.patient;
    if (last?.study === sample.study) sample.study = last.study;
    this.samples.push(sample);
    if (this.filled + cells.length > this.cells.length) {
      const larger = new Float32Array(2 * (this.filled + cells.length));
      larger.set(this.cells);
      this.cells = larger;
    }
    for (let i = 0; i < cells.length; i++) {
      const isMarked = cells[i] === notLabelled;
      if (isMarked) this.unlabelled.push(this.filled + i);
      this.cells[this.filled + i] = isMarked ? NaN : cells[i];
    }
    this.filled += cells.length;
  }

  reject(row: BadRow): void {
    this.badRows.push(row);
  }

  /** Counts an image that is no sample. @param reason ends the sentence "n images were left out: …". */
  leaveOut(reason: string): void {
    this.leftOut.set(reason, (this.leftOut.get(reason) ?? 0) + 1);
  }

  /** Does what a row or file asks for; if a cell of it says nothing it could, the place is listed as bad. */
  attempt({ file, row }: { file: string; row: number }, work: () => void): void {
    try {
      work();
    } catch (error) {
      if (!(error instanceof BadCell)) throw error;
      const { column, expected, got } = error;
      this.reject({ file, row, column, expected, got });
    }
  }

  /** Goes through a table; a row with a cell that says nothing it could is listed as bad. */
  async addRows(table: Table, onRow: (cells: string[], line: number) => void): Promise<void> {
    const { file } = table;
    let looked = 0;
    await table.each(
      (cells, row) => {
        if (looked++ < lookedAt) this.copies ||= cells.reduce((sum, cell) => sum + cell.length, 0) > longRow;
        this.attempt({ file, row }, () => onRow(cells, row));
      },
      (row) => this.reject(row),
    );
  }

  /** What a reader returns. */
  result(path: string, rest: Pick<Dataset, 'hierarchy' | 'hasOwnSplits' | 'tableFacts' | 'sexNames'>): ReadData {
    return {
      name: basename(folderOf(path)),
      labels: this.labels,
      samples: this.samples,
      cells: this.cells.slice(0, this.filled),
      ...(this.unlabelled.length > 0 && { notLabelled: this.mask() }),
      badRows: this.badRows,
      leftOut: [...this.leftOut].map(([reason, images]) => ({ reason, images })),
      ...(this.boxes.length > 0 && { boxes: this.boxes }),
      ...rest,
    };
  }

  private mask(): Uint8Array {
    const mask = new Uint8Array(this.filled);
    for (const at of this.unlabelled) mask[at] = 1;
    return mask;
  }
}

/** Counts texts. */
export class Tally {
  readonly counts: Record<string, number> = {};

  add(text: string): void {
    const key = text.trim() || '(blank)';
    this.counts[key] = (this.counts[key] ?? 0) + 1;
  }
}

/** Rows that are looked at to see whether they are long. */
const lookedAt = 100;
/** Characters of a row that is long, say by the text of a report. */
const longRow = 600;

/** Takes copies of a sample's texts: a piece cut out of a row would keep the whole of it in memory. */
function copyTexts(sample: Sample): void {
  sample.id = copyOf(sample.id);
  sample.patient = copyOf(sample.patient);
  sample.study = copyOf(sample.study);
  if (typeof sample.image === 'string') sample.image = copyOf(sample.image);
}

function copyOf(text: string): string {
  return Buffer.from(text).toString();
}
