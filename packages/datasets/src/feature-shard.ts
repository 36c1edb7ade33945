import { closeSync, existsSync, openSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import {
  InputError,
  onDisk,
  readSafetensorsHeader,
  sha256,
  sha256OfFile,
  writeSafetensors,
  type TensorLocation,
} from '@cxr-align/files';
import { bytesOfNumber, rowWidth, type FeatureLayout, type ShardEntry } from './feature-index.js';

/** Where in its store a shard lies. */
export interface ShardPlace {
  folder: string;
  entry: ShardEntry;
  layout: FeatureLayout;
}

const hint = 'extract the features again into the same folder, which makes this shard anew';

/**
 * A shard as bytes: `features`, and `checks` with the CRC-32 of each row, so that every row that is read later can be checked without
 * the others.
 *
 * @param features [rows, width] row by row.
 */
export function writeShard(
  features: Float32Array,
  layout: FeatureLayout,
): Pick<ShardEntry, 'hash' | 'head'> & { bytes: Uint8Array } {
  const width = rowWidth(layout);
  const rows = features.length / width;
  const checks = new Int32Array(rows);
  const halves = new Set(layout.dtype === 'float16' ? ['features'] : []);
  const tensors = new Map([
    ['features', { shape: [rows, width], data: features }],
    ['checks', { shape: [rows], data: checks }],
  ]);
  const bytes = writeSafetensors(tensors, { halves });
  const rowBytes = width * bytesOfNumber(layout);
  const end = bytes.length - 4 * rows;
  const start = end - rows * rowBytes;
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  for (let row = 0; row < rows; row++)
    view.setUint32(end + 4 * row, crc32(bytes.subarray(start + row * rowBytes, start + (row + 1) * rowBytes)), true);
  return { bytes, hash: sha256(bytes), head: headHash(bytes.subarray(0, start), bytes.subarray(end)) };
}

function headerOf(path: string): Map<string, TensorLocation> {
  try {
    return readSafetensorsHeader(path);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    const reason = error.message.slice(`${path}: `.length);
    throw new InputError(`expected a whole shard of features, got a damaged one (${reason}); ${hint}`, { file: path });
  }
}

function headHash(header: Uint8Array, checks: Uint8Array): string {
  return sha256(Buffer.concat([header, checks]));
}

/** A shard that is open for reading. */
export class OpenShard {
  private readonly descriptor: number;
  /** Byte at which its rows start. */
  private readonly start: number;
  private readonly path: string;
  private readonly rowBytes: number;
  /** The CRC-32 of each row; undefined in a shard of the first format, whose bytes were all checked when it was opened. */
  private readonly checks?: Uint32Array;

  /** @throws {InputError} if the file is missing, cut, or its head is not the one that the index has the hash of. */
  constructor({ folder, entry, layout }: ShardPlace) {
    const path = join(folder, entry.file);
    const places = headerOf(path);
    const rows = entry.images * layout.views;
    const features = places.get('features');
    const dtype = layout.dtype === 'float16' ? 'F16' : 'F32';
    if (features?.dtype !== dtype || features.shape[0] !== rows || features.shape[1] !== rowWidth(layout))
      throw new InputError(
        `expected features ${dtype} [${rows}, ${rowWidth(layout)}], got ${features?.dtype} [${features?.shape}]; ${hint}`,
        { file: path },
      );
    this.path = path;
    this.start = features.start;
    this.rowBytes = rowWidth(layout) * bytesOfNumber(layout);
    this.descriptor = openSync(path, 'r');
    try {
      if (entry.head === undefined) this.checkAll(entry.hash);
      else this.checks = this.checkHead(entry.head, features, places.get('checks'), rows);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Reads rows that lie one after the other, and checks each. @throws {InputError} if a bit of one was changed. */
  read(first: number, count: number, target: Uint8Array): void {
    this.fill(target, this.start + first * this.rowBytes);
    if (!this.checks) return;
    for (let i = 0; i < count; i++)
      if (crc32(target.subarray(i * this.rowBytes, (i + 1) * this.rowBytes)) !== this.checks[first + i])
        throw this.damaged(`the checksum of row ${first + i}`);
  }

  /** The checksum of a row; undefined in a shard of the first format. */
  checkOf(row: number): number | undefined {
    return this.checks?.[row];
  }

  close(): void {
    closeSync(this.descriptor);
  }

  private checkHead(
    expected: string,
    features: TensorLocation,
    checks: TensorLocation | undefined,
    rows: number,
  ): Uint32Array {
    if (checks?.dtype !== 'I32' || checks.shape[0] !== rows) throw this.damaged('a checksum for each row');
    const header = this.fill(new Uint8Array(features.start), 0);
    const bytes = this.fill(new Uint8Array(4 * rows), checks.start);
    if (headHash(header, bytes) !== expected) throw this.damaged('the header and checksums');
    return new Uint32Array(bytes.buffer);
  }

  /** A shard of the first format has no other checksum than that of the file. */
  private checkAll(expected: string): void {
    const { size } = statSync(this.path);
    // At most 128 MiB and its header, as shards are made.
    if (sha256(this.fill(new Uint8Array(size), 0)) !== expected) throw this.damaged('the bytes');
  }

  private fill(target: Uint8Array, start: number): Uint8Array {
    for (let done = 0; done < target.length;) {
      const count = onDisk(this.path, 'read', () =>
        readSync(this.descriptor, target, done, target.length - done, start + done),
      );
      if (count === 0) throw this.damaged('as many bytes');
      done += count;
    }
    return target;
  }

  private damaged(what: string): InputError {
    return new InputError(`expected ${what} that the index has the hash of, got others; ${hint}`, { file: this.path });
  }
}

/**
 * Whether a shard is missing or damaged.
 *
 * @param isFull also its rows, by the hash of the file; else only its length and head.
 */
export async function isDamaged(place: ShardPlace, isFull: boolean): Promise<boolean> {
  const { folder, entry } = place;
  const path = join(folder, entry.file);
  if (!existsSync(path)) return true;
  if (isFull) return (await sha256OfFile(path)) !== entry.hash;
  if (entry.head === undefined) return false;
  try {
    new OpenShard(place).close();
    return false;
  } catch (error) {
    if (error instanceof InputError) return true;
    throw error;
  }
}
