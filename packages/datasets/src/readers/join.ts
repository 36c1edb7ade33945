import { InputError } from '@cxr-align/files';
import type { DatasetBuilder } from './dataset-builder.js';

/** Rows of another table or list by their key. Tables that do not belong together are noticed, not joined to nothing. */
export class Join<Value> {
  private found = 0;
  private missed = 0;
  private firstMissed = '';

  /**
   * @param file the table of the rows.
   * @param column what their key is called there.
   */
  constructor(
    readonly file: string,
    readonly column: string,
    readonly rows: ReadonlyMap<string, Value>,
  ) {}

  get(key: string): Value | undefined {
    const value = this.rows.get(key);
    if (value !== undefined) this.found++;
    else if (this.missed++ === 0) this.firstMissed = key;
    return value;
  }

  /**
   * To be called when all rows were looked up.
   *
   * @param what the images lack without a row: `view`.
   * @throws {InputError} if there are rows, and none of the keys was among them.
   */
  finish(builder: DatasetBuilder, what: string): void {
    if (this.rows.size > 0 && this.missed > 0 && this.found === 0) {
      const [example] = this.rows.keys();
      throw new InputError(
        `expected rows for the images of the other table, got none that match: this one has ${this.column} ${JSON.stringify(example)} …, the other ${JSON.stringify(this.firstMissed)} …; do both belong to one data set, and are the ids written alike?`,
        { file: this.file, column: this.column },
      );
    }
    if (this.missed > 0 && this.rows.size > 0)
      builder.remarks.push(
        `${this.missed} of ${this.missed + this.found} images have no row in ${this.file}, and so no ${what} (the first is ${this.firstMissed})`,
      );
  }
}
