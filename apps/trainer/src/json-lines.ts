import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { writeFileAtomic } from '@cxr-align/files';

/** A file with a JSON value on each line, that grows while a run goes on. */
export class JsonLines<T> {
  constructor(private readonly file: string) {}

  records(): T[] {
    if (!existsSync(this.file)) return [];
    const lines = readFileSync(this.file, 'utf8').split('\n').filter(Boolean);
    return lines.map((line) => JSON.parse(line) as T);
  }

  append(record: T): void {
    appendFileSync(this.file, `${JSON.stringify(record)}\n`);
  }

  /** Drops the lines that a killed run wrote after its last checkpoint. */
  keep(wanted: (record: T) => boolean): void {
    if (!existsSync(this.file)) return;
    const kept = this.records().filter(wanted);
    writeFileAtomic(this.file, kept.map((record) => `${JSON.stringify(record)}\n`).join(''));
  }
}
