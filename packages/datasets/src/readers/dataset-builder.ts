import { basename } from 'node:path';
import { InputError } from '@cxr-align/files';
import { AnnotationError, showCell } from '../annotation-error.js';
import { notLabelled } from '../columns/cell-values.js';
import type { Dataset, LabelledBox, Sample } from '../dataset.js';
import type { BadRow, Table } from '../table/table.js';
import { describeColumns, isIndexColumn, type ColumnUse } from '../columns/column-roles.js';
import { folderOf, type ReadData } from './reader.js';

/** The most labels of a data set. */
const mostLabels = 2000;

/** Collects rows while tables are read. */
export class DatasetBuilder {
  readonly samples: Sample[] = [];
  readonly badRows: BadRow[] = [];
  readonly boxes: LabelledBox[] = [];
  /** What a person should know: what was guessed, found by a rule, or not read. */
  readonly remarks: string[] = [];
  /** Annotations in pieces: growing one array would need thrice its size. */
  private pieces: Float32Array[] = [];
  private filled = 0;
  /** Places of values that were not examined. */
  private readonly unlabelled: number[] = [];
  private readonly excluded = new Map<string, number>();
  private readonly unreadTexts = new Map<string, { column: string; what: string; texts: Map<string, number> }>();
  private readonly usedColumns: Record<string, string> = {};
  private readonly takenColumns = new Set<string>();
  private readonly seenColumns = new Set<string>();
  private readonly ids = new Set<string>();
  /** Whether rows are so long that the texts that are kept of them are copied. */
  private copies = false;

  /** @throws {InputError} if there are more than 2,000 labels: what relates each to each other would fill the memory. */
  constructor(readonly labels: readonly string[]) {
    if (labels.length > mostLabels)
      throw new InputError(
        `expected at most ${mostLabels} labels, got ${labels.length}; name those that are meant in a labels.json beside the table`,
      );
  }

  /**
   * @param sample belongs to the builder from here on.
   * @throws {AnnotationError} if there is a sample of that name: features and predictions could not be distinguished.
   */
  add(sample: Sample, annotations: ArrayLike<number>): void {
    const before = this.ids.size;
    if (this.ids.add(sample.id).size === before)
      throw new AnnotationError('image', 'one row for each image', `another row of ${sample.id}`);
    if (this.copies) copyTexts(sample);
    // Images of a patient mostly follow one another: one copy of their names does.
    const last = this.samples.at(-1);
    if (last?.patient === sample.patient) sample.patient = last.patient;
    if (last?.study === sample.study) sample.study = last.study;
    this.samples.push(sample);
    for (let i = 0; i < annotations.length; i++, this.filled++) {
      const isMarked = annotations[i] === notLabelled;
      if (isMarked) this.unlabelled.push(this.filled);
      const at = this.filled % pieceSize;
      if (at === 0) this.pieces.push(new Float32Array(pieceSize));
      this.pieces[this.pieces.length - 1][at] = isMarked ? NaN : annotations[i];
    }
  }

  reject(row: BadRow): void {
    this.badRows.push(row);
  }

  /** Counts an image that is no sample. @param reason ends the sentence "n images were excluded: …". */
  exclude(reason: string): void {
    this.excluded.set(reason, (this.excluded.get(reason) ?? 0) + 1);
  }

  /** Counts a text that was not read, of a row that is used without it. @param what `sex`, `age`. */
  unread(column: string, what: string, text: string): void {
    const key = `${what}\n${column}`;
    const known = this.unreadTexts.get(key) ?? { column, what, texts: new Map<string, number>() };
    // A column of many texts is no such column; its first ones do.
    const shown = known.texts.has(text) || known.texts.size < 50 ? text : '…';
    known.texts.set(shown, (known.texts.get(shown) ?? 0) + 1);
    this.unreadTexts.set(key, known);
  }

  /**
   * Notes which columns of a table are read.
   *
   * @param used role to column; a role without a column is skipped.
   * @param labels columns of labels.
   */
  useColumns(
    { header }: Pick<Table, 'header'>,
    used: Readonly<Record<string, string | undefined>>,
    labels: readonly string[] = [],
  ): void {
    for (const label of labels) this.takenColumns.add(label);
    for (const [role, column] of Object.entries(used)) {
      if (column === undefined || (!column.includes('{') && !header.includes(column))) continue;
      this.usedColumns[role] ??= column;
      this.takenColumns.add(column);
      // The columns of a template.
      for (const [, part] of column.matchAll(/\{([^{}]+)\}/g)) this.takenColumns.add(part);
    }
    for (const column of header) if (column !== '') this.seenColumns.add(column);
  }

  private columns(): ColumnUse {
    const unused = [...this.seenColumns].filter((column) => !this.takenColumns.has(column));
    return { used: { ...this.usedColumns }, unused };
  }

  /** Columns that were not used so far, but for row numbers. */
  unusedColumns(): string[] {
    return this.columns().unused.filter((column) => !isIndexColumn(column));
  }

  /** Adds what a row or file has; if a cell of it cannot be read, the place is listed as bad. */
  attempt({ file, row }: { file: string; row: number }, work: () => void): void {
    try {
      work();
    } catch (error) {
      if (!(error instanceof AnnotationError)) throw error;
      const { column, expected, got } = error;
      this.reject({ file, row, column, expected, got });
    }
  }

  /** Goes through a table; a row with a cell that cannot be read is listed as bad. */
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

  /** What a reader returns. @throws {InputError} if there are images, and all of them were excluded. */
  result(path: string, rest: Pick<Dataset, 'hierarchy' | 'hasOwnSplits' | 'tableFacts' | 'sexNames'>): ReadData {
    const excluded = [...this.excluded].map(([reason, images]) => ({ reason, images }));
    if (this.samples.length === 0 && excluded.length > 0)
      throw new InputError(
        `expected images that can be used, got none: ${excluded.map(({ reason, images }) => `${images} were excluded, since ${reason}`).join('; ')}; do the tables belong together?`,
        { file: path },
      );
    const columns = this.columns();
    return {
      name: basename(folderOf(path)),
      samples: this.samples,
      annotations: {
        labels: this.labels,
        values: this.values(),
        ...(this.unlabelled.length > 0 && { notLabelled: this.mask() }),
      },
      badRows: this.badRows,
      excluded,
      columns,
      remarks: [describeColumns(columns), ...this.remarks, ...this.unreadRemarks()],
      ...(this.boxes.length > 0 && { boxes: this.boxes }),
      ...rest,
    };
  }

  /** All annotations; the builder gives up its own. */
  private values(): Float32Array {
    const values = new Float32Array(this.filled);
    this.pieces.forEach((piece, i) =>
      values.set(piece.subarray(0, Math.min(pieceSize, this.filled - i * pieceSize)), i * pieceSize),
    );
    this.pieces = [];
    return values;
  }

  private unreadRemarks(): string[] {
    return [...this.unreadTexts.values()].map(({ column, what, texts }) => {
      const sorted = [...texts].sort(([, a], [, b]) => b - a);
      const sum = sorted.reduce((total, [, count]) => total + count, 0);
      const shown = sorted.slice(0, 5).map(([text, count]) => `${showCell(text)} (${count})`);
      return `${sum} cells of the column ${JSON.stringify(column)} are no ${what} that is known, and count as missing: ${shown.join(', ')}${sorted.length > 5 ? ' …' : ''}; a mapping (dataset.yaml) can give their meaning`;
    });
  }

  private mask(): Uint8Array {
    const mask = new Uint8Array(this.filled);
    for (const at of this.unlabelled) mask[at] = 1;
    return mask;
  }
}
/** Annotations of a piece. */
const pieceSize = 2 ** 18;

/** Counts texts. */
export class Tally {
  readonly counts = Object.create(null) as Record<string, number>;

  add(text: string): void {
    const key = text.trim() || '(blank)';
    this.counts[key] = (this.counts[key] ?? 0) + 1;
  }
}

/** Rows that are checked for being long. */
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
