import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { InputError, resolveInside, sha256, sha256OfFile, widenFloat16 } from '@cxr-align/files';
import { bytesOfNumber, readIndex, rowWidth, type FeatureIndex } from './feature-index.js';
import { refuseFeatures } from './feature-range.js';
import { OpenShard } from './feature-shard.js';

/** A feature store: rows are read from its files when they are requested, and nothing of them is kept. */
export class FeatureStore {
  /** The place of each image; its rows are place · views and those after it. */
  readonly places: ReadonlyMap<string, number>;
  /** Numbers of a row: grid² · dim. */
  readonly width: number;
  /** The first row of each shard, and the end. */
  private readonly starts: number[] = [0];
  private readonly open = new Map<number, OpenShard>();

  readonly index: FeatureIndex;
  /** False for a store of the first format, whose index has no hash of itself. */
  readonly isSealed: boolean;
  private readonly openShards: number;

  /**
   * @param openShards the most that are kept open. Default 512.
   * @throws {InputError} if the folder is no store, or a shard is missing or of another size.
   */
  constructor(
    readonly folder: string,
    { openShards = 512 }: { openShards?: number } = {},
  ) {
    const { index, isSealed } = readIndex(folder);
    this.index = index;
    this.isSealed = isSealed;
    this.openShards = openShards;
    this.width = rowWidth(index);
    this.places = new Map(index.ids.map((id, place) => [id, place]));
    for (const { images } of index.shards) this.starts.push(this.starts.at(-1)! + images * index.views);
    index.shards.forEach(({ file, images }) => {
      const path = resolveInside(folder, file, { file: join(folder, 'index.json') });
      const least = images * index.views * this.width * bytesOfNumber(index);
      if (!existsSync(path) || statSync(path).size < least)
        throw new InputError(
          `expected a shard of ${least} bytes and its header, got ${existsSync(path) ? statSync(path).size : 'no such file'}; extract the features again into the same folder, which makes this shard anew`,
          { file: path },
        );
    });
    if (this.starts.at(-1) !== index.ids.length * index.views)
      throw new InputError(
        `expected ${index.ids.length} images in its shards, got ${this.starts.at(-1)! / index.views}; extract the features again`,
        { file: join(folder, 'index.json') },
      );
  }

  /** Rows of all images and views. */
  get rows(): number {
    return this.starts.at(-1)!;
  }

  /**
   * Reads some rows and checks each.
   *
   * @throws {InputError} if a bit of one was changed, or a number of it is NaN or infinite.
   * @returns float32 [rows, grid², dim] row by row.
   */
  read(rows: ArrayLike<number>): Float32Array {
    const bytesOfRow = this.width * bytesOfNumber(this.index);
    const bytes = new Uint8Array(rows.length * bytesOfRow);
    for (let i = 0; i < rows.length;) {
      const at = this.shardOf(rows[i]);
      // Rows that lie one after the other are read at once.
      let count = 1;
      while (i + count < rows.length && rows[i + count] === rows[i] + count && rows[i + count] < this.starts[at + 1])
        count++;
      const target = bytes.subarray(i * bytesOfRow, (i + count) * bytesOfRow);
      this.shard(at).read(rows[i] - this.starts[at], count, target);
      i += count;
    }
    return this.checked(this.widened(bytes, rows.length), rows);
  }

  private widened({ buffer }: Uint8Array<ArrayBuffer>, rows: number): Float32Array {
    if (this.index.dtype === 'float32') return new Float32Array(buffer);
    const out = new Float32Array(rows * this.width);
    widenFloat16(new Uint16Array(buffer), out);
    return out;
  }

  /** @throws {InputError} if a feature is NaN or infinite: a training would end by it. */
  private checked(values: Float32Array, rows: ArrayLike<number>): Float32Array {
    // 0 times a number that is not finite is NaN.
    let zero = 0;
    for (let at = 0; at < values.length; at++) zero += values[at] * 0;
    if (zero !== 0) {
      const { ids, views } = this.index;
      const idOf = (row: number): string => ids[Math.floor(rows[row] / views)];
      refuseFeatures(values, { dtype: 'float32', perImage: this.width, idOf, file: this.folder });
    }
    return values;
  }

  /** What the features of an image are: the hash of its bytes, and the checksums of its rows or the hash of its shard. */
  identityOf(place: number): string {
    const { contents, views, shards } = this.index;
    const first = place * views;
    const at = this.shardOf(first);
    const { head, hash } = shards[at];
    const checks =
      head === undefined
        ? hash
        : Array.from({ length: views }, (_, view) => this.shard(at).checkOf(first + view - this.starts[at])).join();
    return `${contents[place] ?? ''}:${checks}`;
  }

  /** A hash of the first shards, for another reader of the store that must have the same; more may have come since. */
  hashOfShards(count: number): string {
    return sha256(JSON.stringify(this.index.shards.slice(0, count).map(({ hash }) => hash)));
  }

  /** Checks every byte of the shards. @throws {InputError} if one was changed. */
  async verify(onShard?: (done: number) => void): Promise<void> {
    for (const [i, { file, hash }] of this.index.shards.entries()) {
      const path = join(this.folder, file);
      if ((await sha256OfFile(path)) !== hash)
        throw new InputError(
          'expected the bytes that the index has the hash of, got others; extract the features again into the same folder, which makes this shard anew',
          { file: path },
        );
      onShard?.(i + 1);
    }
  }

  close(): void {
    for (const shard of this.open.values()) shard.close();
    this.open.clear();
  }

  private shardOf(row: number): number {
    if (!(row >= 0 && row < this.rows))
      throw new RangeError(`datasets/FeatureStore.read: expected rows from 0 to ${this.rows - 1}, got ${row}`);
    let low = 0;
    let high = this.starts.length - 1;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (this.starts[middle] <= row) low = middle;
      else high = middle;
    }
    return low;
  }

  private shard(at: number): OpenShard {
    let shard = this.open.get(at);
    if (!shard) {
      shard = new OpenShard({ folder: this.folder, entry: this.index.shards[at], layout: this.index });
      if (this.open.size >= this.openShards) {
        // The one that was opened first.
        const [[oldest, first]] = this.open;
        first.close();
        this.open.delete(oldest);
      }
      this.open.set(at, shard);
    }
    return shard;
  }
}
