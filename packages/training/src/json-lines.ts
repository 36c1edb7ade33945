import { existsSync, readFileSync } from 'node:fs';
import { faultReason, InputError, remove, schemaFault, writeFileAtomic } from '@cxr-align/files';
import type { z } from 'zod';

/** A file with a JSON value on each line. */
export class JsonLines<T> {
  /** @param schema what each value must be to be read; any unless given. */
  constructor(
    private readonly file: string,
    private readonly schema?: z.ZodType<T>,
  ) {}

  /** Its values; none where there is no file. @throws {InputError} if a line is no JSON, or not of the schema. */
  records(): T[] {
    if (!existsSync(this.file)) return [];
    const lines = readFileSync(this.file, 'utf8').split('\n');
    return lines.flatMap((line, i) => (line === '' ? [] : [this.record(line, i + 1)]));
  }

  private record(line: string, row: number): T {
    const place = { file: this.file, row };
    let value: unknown;
    try {
      value = JSON.parse(line);
    } catch (error) {
      throw new InputError(`expected JSON, got ${faultReason(error)}; correct the line, or remove it`, place);
    }
    const error = this.schema?.safeParse(value).error;
    if (error)
      throw new InputError(
        `expected a record as the training writes it, got another (${schemaFault(error)}); correct the line, or remove it`,
        place,
      );
    return value as T;
  }

  /** Writes it anew, whole or not at all; no file where there are no records. */
  write(records: readonly T[]): void {
    if (records.length > 0) writeFileAtomic(this.file, records.map((record) => `${JSON.stringify(record)}\n`).join(''));
    else if (existsSync(this.file)) remove(this.file);
  }
}
