import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { InputError, writeFileAtomic } from '@cxr-align/files';
import {
  indexFile,
  readIndex,
  rowWidth,
  writeIndex,
  type FeatureIndex,
  type FeatureLayout,
  type FeatureSource,
  type ShardEntry,
} from './feature-index.js';
import { refuseFeatures } from './feature-range.js';
import { isDamaged, writeShard } from './feature-shard.js';

/** A shard that is missing or damaged, and the images that it had. */
export interface DamagedShard {
  /** Its number. */
  at: number;
  file: string;
  images: { id: string; content: string }[];
}

/**
 * Writes features shard by shard. The index names only shards that are complete, and is written after each of them, so
 * that whatever is in it can be read, and a later writer continues where an earlier one stopped.
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
    const existing = existsSync(indexFile(folder)) ? readIndex(folder).index : undefined;
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

  /** What a number is stored as. */
  get dtype(): FeatureLayout['dtype'] {
    return this.index.dtype;
  }

  get shards(): number {
    return this.index.shards.length;
  }

  /** Images that could not be read before. */
  get unreadable(): FeatureIndex['unreadable'] {
    return this.index.unreadable;
  }

  /**
   * Adds one shard.
   *
   * @param features [images, views, grid², dim] row by row.
   * @throws {InputError} if one is NaN, infinite, or above 65,504 in a store of float16, naming the image.
   */
  append(images: readonly { id: string; content: string }[], features: Float32Array): void {
    const { shards, dtype, views } = this.index;
    refuseFeatures(features, {
      dtype,
      perImage: views * rowWidth(this.index),
      idOf: (image) => images[image].id,
      file: this.folder,
    });
    const entry = { file: shardName(shards.length), images: images.length };
    shards.push({ ...entry, ...this.writeShard(entry, features) });
    for (const { id, content } of images) {
      this.index.ids.push(id);
      this.index.contents.push(content);
    }
    this.write();
  }

  /**
   * The shards that are missing or damaged, with what they had.
   *
   * @param isFull reads every byte; else only the length and the head of each shard is checked.
   */
  async damagedShards(isFull: boolean, onShard?: (done: number) => void): Promise<DamagedShard[]> {
    const { shards, ids, contents } = this.index;
    const damaged: DamagedShard[] = [];
    let first = 0;
    for (const [at, entry] of shards.entries()) {
      const end = first + entry.images;
      if (await isDamaged({ folder: this.folder, entry, layout: this.index }, isFull))
        damaged.push({
          at,
          file: join(this.folder, entry.file),
          images: ids.slice(first, end).map((id, i) => ({ id, content: contents[first + i] })),
        });
      first = end;
      onShard?.(at + 1);
    }
    return damaged;
  }

  /** Puts a shard of the same images in the place of a damaged one. @returns whether its bytes are those that it had. */
  replace({ at, images }: DamagedShard, features: Float32Array): boolean {
    const { dtype, views } = this.index;
    const perImage = views * rowWidth(this.index);
    refuseFeatures(features, { dtype, perImage, idOf: (image) => images[image].id, file: this.folder });
    const entry = this.index.shards[at];
    const written = this.writeShard(entry, features);
    this.index.shards[at] = { ...entry, ...written };
    this.write();
    return written.hash === entry.hash;
  }

  private writeShard(
    { file, images }: Pick<ShardEntry, 'file' | 'images'>,
    features: Float32Array,
  ): Pick<ShardEntry, 'hash' | 'head'> {
    const expected = images * this.index.views * rowWidth(this.index);
    if (features.length !== expected)
      throw new RangeError(
        `datasets/FeatureStoreWriter: expected ${expected} numbers for ${images} images, got ${features.length}`,
      );
    const { bytes, hash, head } = writeShard(features, this.index);
    writeFileAtomic(join(this.folder, file), bytes);
    return { hash, head };
  }

  /** Notes the images that could not be read, in the place of those that were noted before. */
  finish(unreadable: FeatureIndex['unreadable']): void {
    if (JSON.stringify(unreadable) === JSON.stringify(this.index.unreadable) && existsSync(indexFile(this.folder)))
      return;
    this.index.unreadable = unreadable;
    this.write();
  }

  private write(): void {
    writeIndex(this.folder, this.index);
  }
}

function shardName(at: number): string {
  return `features-${String(at).padStart(5, '0')}.safetensors`;
}

/** What two stores must have in common for one to continue the other. */
function describe(store: FeatureSource & FeatureLayout): string {
  const { encoder, weightsHash, preprocessing, augmentation, dim, grid, views, dtype } = store;
  const changes = augmentation === undefined ? '' : `, ${JSON.stringify(augmentation)}`;
  return `${views} ${views === 1 ? 'view' : 'views'} of ${grid} × ${grid} × ${dim} ${dtype} from ${encoder} (${weightsHash.slice(0, 12)}, ${JSON.stringify(preprocessing)}${changes})`;
}
