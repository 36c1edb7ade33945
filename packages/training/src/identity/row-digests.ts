import { crc32 } from 'node:zlib';
import { createHash } from 'node:crypto';

/** A digest for each row of a part of a data set, and a hash of all rows. */
export interface RowDigests {
  sha256: string;
  /** CRC-32 of each row, little-endian, in base64: to name the rows that differ. */
  rows: string;
}

/** @param contentOf what a row has, as text; undefined where that is unknown, which two data sets may differ in. */
export function rowDigests(count: number, contentOf: (row: number) => string | undefined): RowDigests {
  const digests = new Uint32Array(count);
  const hash = new TextHash();
  for (let row = 0; row < count; row++) {
    const text = contentOf(row);
    // 0 stands for what is unknown.
    digests[row] = text === undefined ? 0 : crc32(text) || 1;
    hash.add(text);
  }
  return {
    sha256: hash.digest(),
    rows: textOf(digests),
  };
}

/** The same of rows of numbers. @param arrays [rows, width] row by row, each. */
export function rowDigestsOfNumbers(count: number, arrays: readonly (Float32Array | Uint8Array)[]): RowDigests {
  const digests = new Uint32Array(count);
  const hash = createHash('sha256');
  for (const array of arrays) {
    const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
    const width = count === 0 ? 0 : bytes.length / count;
    for (let row = 0; row < count; row++)
      digests[row] = crc32(bytes.subarray(row * width, (row + 1) * width), digests[row]);
    hash.update(`${bytes.length}:`).update(bytes);
  }
  return { sha256: hash.digest('hex'), rows: textOf(digests.map((digest) => digest || 1)) };
}

function textOf(digests: Uint32Array): string {
  return Buffer.from(digests.buffer).toString('base64');
}

/** The digests of the rows, 0 where a row is unknown. */
export function digestsOf({ rows }: RowDigests): Uint32Array {
  const bytes = Uint8Array.from(Buffer.from(rows, 'base64'));
  return new Uint32Array(bytes.buffer, 0, bytes.length >> 2);
}

/** Digests of some rows among those of a larger table, whose other rows are unknown. @param rows where each lies there. */
export function placedDigests(digests: RowDigests, rows: readonly number[], count: number): RowDigests {
  const placed = new Uint32Array(count);
  digestsOf(digests).forEach((digest, i) => (placed[rows[i]] = digest));
  const text = textOf(placed);
  return { sha256: createHash('sha256').update(text).digest('hex'), rows: text };
}

/** The rows that two parts know differently. */
export function differingRows(a: RowDigests, b: RowDigests): number[] {
  const [left, right] = [digestsOf(a), digestsOf(b)];
  const rows: number[] = [];
  for (let row = 0; row < Math.min(left.length, right.length); row++)
    if (left[row] !== right[row] && left[row] !== 0 && right[row] !== 0) rows.push(row);
  return rows;
}

/** SHA-256 of texts one after the other, each with its length. */
export class TextHash {
  private readonly hash = createHash('sha256');
  private pending = '';

  add(text: string | undefined): void {
    this.pending += text === undefined ? '-' : `${text.length}:${text}`;
    if (this.pending.length > 2 ** 16) this.flush();
  }

  digest(): string {
    this.flush();
    return this.hash.digest('hex');
  }

  private flush(): void {
    this.hash.update(this.pending);
    this.pending = '';
  }
}
