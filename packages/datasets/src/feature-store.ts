import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { InputError, readSafetensors, sha256, writeFileAtomic, writeSafetensors } from '@cxr-align/files';

/** What made the features of a store. */
export interface FeatureSource {
  /** Name of the encoder. */
  encoder: string;
  /** SHA-256 of its weights. */
  weightsHash: string;
  /** The preprocessing, as the encoder describes it. */
  preprocessing: unknown;
}

/** The index of a feature store. */
export interface FeatureIndex extends FeatureSource {
  dim: number;
  dtype: 'float16' | 'float32';
  /** Shards in order, each with the hash of its file. */
  shards: { file: string; rows: number; hash: string }[];
  /** One identifier a row, over all shards in order. */
  ids: string[];
}

/**
 * Writes features shard by shard. The index names only shards that are complete, and is written after each of them, so
 * that whatever is in it can be read, and a later writer goes on where an earlier one stopped.
 */
export class FeatureStoreWriter {
  private readonly index: FeatureIndex;

  /** @throws {InputError} if the folder holds a store of another encoder, preprocessing, width or number type. */
  constructor(
    private readonly folder: string,
    source: FeatureSource,
    { dim, dtype = 'float16' }: { dim: number; dtype?: FeatureIndex['dtype'] },
  ) {
    const existing = existsSync(join(folder, 'index.json')) ? readIndex(folder) : undefined;
    this.index = existing ?? { ...source, dim, dtype, shards: [], ids: [] };
    const same = (index: FeatureIndex): string =>
      JSON.stringify([index.encoder, index.weightsHash, index.preprocessing, index.dim, index.dtype]);
    if (same(this.index) !== same({ ...this.index, ...source, dim, dtype })) {
      throw new InputError(
        `expected features of ${source.encoder} with ${dim} numbers as ${dtype}, got a store of ${this.index.encoder} with ${this.index.dim} as ${this.index.dtype}; use another folder`,
        { file: folder },
      );
    }
  }

  /** Identifiers that are in complete shards already. */
  get done(): ReadonlySet<string> {
    return new Set(this.index.ids);
  }

  /** Adds one shard. @param features [ids.length, dim] row by row. */
  append(ids: readonly string[], features: Float32Array): void {
    const { dim, dtype, shards } = this.index;
    if (features.length !== ids.length * dim) {
      throw new RangeError(
        `datasets/FeatureStoreWriter: expected ${ids.length * dim} numbers for ${ids.length} rows, got ${features.length}`,
      );
    }
    const file = `features-${String(shards.length).padStart(5, '0')}.safetensors`;
    const halves = new Set(dtype === 'float16' ? ['features'] : []);
    const bytes = writeSafetensors(new Map([['features', { shape: [ids.length, dim], data: features }]]), { halves });
    writeFileAtomic(join(this.folder, file), bytes);
    shards.push({ file, rows: ids.length, hash: sha256(bytes) });
    this.index.ids.push(...ids);
    writeFileAtomic(join(this.folder, 'index.json'), JSON.stringify(this.index));
  }
}

/** A feature store that has been opened. */
export interface FeatureStore {
  index: FeatureIndex;
  /** The row of each identifier. */
  rows: ReadonlyMap<string, number>;
  /** All features [rows, dim] row by row, in float32. */
  read: () => Float32Array;
}

/** Opens a feature store; its shards are read, and checked against their hashes, when `read` is called. */
export function openFeatureStore(folder: string): FeatureStore {
  const index = readIndex(folder);
  return {
    index,
    rows: new Map(index.ids.map((id, row) => [id, row])),
    read: () => {
      const features = new Float32Array(index.ids.length * index.dim);
      let start = 0;
      for (const { file, rows, hash } of index.shards) {
        const path = join(folder, file);
        if (!existsSync(path))
          throw new InputError('expected a shard that the index names, got no such file; extract the features again', {
            file: path,
          });
        const bytes = readFileSync(path);
        if (sha256(bytes) !== hash)
          throw new InputError(
            'expected the bytes that the index has the hash of, got others; extract the features again',
            { file: path },
          );
        const stored = readSafetensors(bytes, path).tensors.get('features');
        if (stored?.shape[0] !== rows || stored.shape[1] !== index.dim)
          throw new InputError(`expected features [${rows}, ${index.dim}], got [${stored?.shape}]`, { file: path });
        features.set(stored.data, start);
        start += rows * index.dim;
      }
      return features;
    },
  };
}

function readIndex(folder: string): FeatureIndex {
  const file = join(folder, 'index.json');
  if (!existsSync(file))
    throw new InputError('expected a feature store with an index.json, got none; make one with extract', {
      file: folder,
    });
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as FeatureIndex;
  } catch (error) {
    throw new InputError(`expected JSON, got ${(error as Error).message}`, { file });
  }
}
