import { closeSync, existsSync, openSync, readFileSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import {
  InputError,
  readSafetensorsHeader,
  resolveInside,
  sha256,
  sha256OfFile,
  widenFloat16,
  writeFileAtomic,
  writeSafetensors,
} from '@cxr-align/files';

/** What made the features of a store. */
export interface FeatureSource {
  /** Name of the encoder. */
  encoder: string;
  /** SHA-256 of its weights. */
  weightsHash: string;
  /** The preprocessing, as the encoder describes it. */
  preprocessing: unknown;
  /** How the views after the first were changed; absent where there is one. */
  augmentation?: unknown;
}

/** How the features of a store lie. */
export interface FeatureLayout {
  /** Features at each place. */
  dim: number;
  /** Places along a side of the map; 1 for pooled features. */
  grid: number;
  /** Rows of each image: the image as it is, then changed at random. */
  views: number;
  dtype: 'float16' | 'float32';
}

/** The index of a feature store. */
export interface FeatureIndex extends FeatureSource, FeatureLayout {
  /** Shards in order, each with the hash of its file. */
  shards: { file: string; images: number; hash: string }[];
  /** One identifier an image, over all shards in order. */
  ids: string[];
  /** The start of the SHA-256 of each image's bytes: what the features are of. */
  contents: string[];
  /** Images that could not be read, and why. */
  unreadable: { id: string; reason: string }[];
}

/**
 * Writes features shard by shard. The index names only shards that are complete, and is written after each of them, so
 * that whatever is in it can be read, and a later writer goes on where an earlier one stopped.
 */
export class FeatureStoreWriter {
  private readonly index: FeatureIndex;

  /** @throws {InputError} if the folder holds a store of another encoder, preprocessing or layout. */
  constructor(
    private readonly folder: string,
    source: FeatureSource,
    { dim, grid = 1, views = 1, dtype = 'float16' }: Partial<FeatureLayout> & { dim: number },
  ) {
    const asked = { ...source, dim, grid, views, dtype };
    const existing = existsSync(join(folder, 'index.json')) ? readIndex(folder) : undefined;
    this.index = existing ?? { ...asked, shards: [], ids: [], contents: [], unreadable: [] };
    if (describe(this.index) !== describe(asked)) {
      throw new InputError(
        `expected a store of ${describe(asked)}, got one of ${describe(this.index)}; use another folder`,
        { file: folder },
      );
    }
  }

  /** Identifiers that are in complete shards already. */
  get done(): ReadonlySet<string> {
    return new Set(this.index.ids);
  }

  /** Adds one shard. @param features [images, views, grid², dim] row by row. */
  append(images: readonly { id: string; content: string }[], features: Float32Array): void {
    const { dtype, shards } = this.index;
    const width = rowWidth(this.index);
    const rows = images.length * this.index.views;
    if (features.length !== rows * width) {
      throw new RangeError(
        `datasets/FeatureStoreWriter: expected ${rows * width} numbers for ${images.length} images, got ${features.length}`,
      );
    }
    const file = `features-${String(shards.length).padStart(5, '0')}.safetensors`;
    const halves = new Set(dtype === 'float16' ? ['features'] : []);
    const bytes = writeSafetensors(new Map([['features', { shape: [rows, width], data: features }]]), { halves });
    writeFileAtomic(join(this.folder, file), bytes);
    shards.push({ file, images: images.length, hash: sha256(bytes) });
    for (const { id, content } of images) {
      this.index.ids.push(id);
      this.index.contents.push(content);
    }
    this.write();
  }

  /** Notes the images that could not be read, in the place of those that were noted before. */
  finish(unreadable: FeatureIndex['unreadable']): void {
    this.index.unreadable = unreadable;
    this.write();
  }

  private write(): void {
    writeFileAtomic(join(this.folder, 'index.json'), JSON.stringify(this.index));
  }
}

/** A shard that is open. */
interface OpenShard {
  descriptor: number;
  /** Byte at which its rows start. */
  start: number;
}

/** A feature store: rows are read from its files when they are asked for, and nothing of them is kept. */
export class FeatureStore {
  /** The place of each image; its rows are place · views and those after it. */
  readonly places: ReadonlyMap<string, number>;
  /** Numbers of a row: grid² · dim. */
  readonly width: number;
  /** The first row of each shard, and the end. */
  private readonly starts: number[] = [0];
  private readonly open = new Map<number, OpenShard>();

  readonly index: FeatureIndex;
  private readonly openShards: number;

  /**
   * @param openShards the most that are kept open. Default 512.
   * @throws {InputError} if the folder is no store, or a shard is missing or of another size.
   */
  constructor(
    readonly folder: string,
    { openShards = 512 }: { openShards?: number } = {},
  ) {
    const index = readIndex(folder);
    this.index = index;
    this.openShards = openShards;
    this.width = rowWidth(index);
    this.places = new Map(index.ids.map((id, place) => [id, place]));
    for (const { images } of index.shards) this.starts.push(this.starts.at(-1)! + images * index.views);
    index.shards.forEach(({ file, images }) => {
      const path = resolveInside(folder, file, { file: join(folder, 'index.json') });
      const least = images * index.views * this.width * this.bytesOfNumber;
      if (!existsSync(path) || statSync(path).size < least)
        throw new InputError(
          `expected a shard of ${least} bytes and its header, got ${existsSync(path) ? statSync(path).size : 'no such file'}; extract the features again`,
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
   * Reads some rows.
   *
   * @returns float32 [rows, grid², dim] row by row.
   */
  read(rows: ArrayLike<number>): Float32Array {
    const bytesOfRow = this.width * this.bytesOfNumber;
    const bytes = new Uint8Array(rows.length * bytesOfRow);
    for (let i = 0; i < rows.length;) {
      const at = this.shardOf(rows[i]);
      // Rows that lie one after the other are read at once.
      let count = 1;
      while (i + count < rows.length && rows[i + count] === rows[i] + count && rows[i + count] < this.starts[at + 1])
        count++;
      const { descriptor, start } = this.shard(at);
      readSync(descriptor, bytes, i * bytesOfRow, count * bytesOfRow, start + (rows[i] - this.starts[at]) * bytesOfRow);
      i += count;
    }
    if (this.bytesOfNumber === 4) return new Float32Array(bytes.buffer);
    const out = new Float32Array(rows.length * this.width);
    widenFloat16(new Uint16Array(bytes.buffer), out);
    return out;
  }

  /** Checks the shards against their hashes. @throws {InputError} if one has other bytes. */
  async verify(onShard?: (done: number) => void): Promise<void> {
    for (const [i, { file, hash }] of this.index.shards.entries()) {
      const path = join(this.folder, file);
      if ((await sha256OfFile(path)) !== hash)
        throw new InputError(
          'expected the bytes that the index has the hash of, got others; extract the features again',
          {
            file: path,
          },
        );
      onShard?.(i + 1);
    }
  }

  close(): void {
    for (const { descriptor } of this.open.values()) closeSync(descriptor);
    this.open.clear();
  }

  private get bytesOfNumber(): 2 | 4 {
    return this.index.dtype === 'float16' ? 2 : 4;
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
      const path = join(this.folder, this.index.shards[at].file);
      const place = readSafetensorsHeader(path).get('features');
      const rows = this.starts[at + 1] - this.starts[at];
      const dtype = this.bytesOfNumber === 2 ? 'F16' : 'F32';
      if (place?.dtype !== dtype || place.shape[0] !== rows || place.shape[1] !== this.width)
        throw new InputError(
          `expected features ${dtype} [${rows}, ${this.width}], got ${place?.dtype} [${place?.shape}]; extract the features again`,
          { file: path },
        );
      shard = { descriptor: openSync(path, 'r'), start: place.start };
      if (this.open.size >= this.openShards) {
        // The one that was opened first.
        const [[oldest, { descriptor }]] = this.open;
        closeSync(descriptor);
        this.open.delete(oldest);
      }
      this.open.set(at, shard);
    }
    return shard;
  }
}

function rowWidth({ grid, dim }: FeatureLayout): number {
  return grid * grid * dim;
}

/** What two stores must have in common for one to go on with the other. */
function describe(store: FeatureSource & FeatureLayout): string {
  const { encoder, weightsHash, preprocessing, augmentation, dim, grid, views, dtype } = store;
  const changes = augmentation === undefined ? '' : `, ${JSON.stringify(augmentation)}`;
  return `${views} ${views === 1 ? 'view' : 'views'} of ${grid} × ${grid} × ${dim} ${dtype} from ${encoder} (${weightsHash.slice(0, 12)}, ${JSON.stringify(preprocessing)}${changes})`;
}

function readIndex(folder: string): FeatureIndex {
  const file = join(folder, 'index.json');
  if (!existsSync(file))
    throw new InputError('expected a feature store with an index.json, got none; make one with cxr-align extract', {
      file: folder,
    });
  let index: FeatureIndex;
  try {
    index = JSON.parse(readFileSync(file, 'utf8')) as FeatureIndex;
  } catch (error) {
    throw new InputError(`expected JSON, got ${(error as Error).message}`, { file });
  }
  const whole = [index.dim, index.grid, index.views].every((value) => Number.isInteger(value) && value > 0);
  if (!whole || !Array.isArray(index.shards) || !Array.isArray(index.ids))
    throw new InputError(
      'expected dim, grid, views, shards and ids, got an index without; extract the features again',
      {
        file,
      },
    );
  return { ...index, contents: index.contents ?? [], unreadable: index.unreadable ?? [] };
}
