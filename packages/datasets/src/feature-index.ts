import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { InputError, parseJson, sealJson, sha256, unsealJson, writeFileAtomic } from '@cxr-align/files';

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
  /** Shards in order. */
  shards: ShardEntry[];
  /** One identifier an image, over all shards in order. */
  ids: string[];
  /** The start of the SHA-256 of each image's bytes: what the features are of. */
  contents: string[];
  /** Images that could not be read, and why. */
  unreadable: { id: string; reason: string }[];
}

/** What an index has of a shard. */
export interface ShardEntry {
  file: string;
  images: number;
  /** SHA-256 of the file. */
  hash: string;
  /** SHA-256 of its header and of the checksums of its rows; absent in shards of the first format, which have none. */
  head?: string;
}

/** The version of an index that ends with its own hash, and of shards with a checksum for each row. */
const indexVersion = 2;

const indexName = 'index.json';

/** The index of a store. */
export const indexFile = (folder: string): string => join(folder, indexName);

/** What an index is read with: whether it is of the first format, which is not sealed. */
export interface ReadIndex {
  index: FeatureIndex;
  isSealed: boolean;
}

/** Numbers of a row of features. */
export function rowWidth({ grid, dim }: FeatureLayout): number {
  return grid * grid * dim;
}

/** Bytes of a number. */
export function bytesOfNumber({ dtype }: Pick<FeatureLayout, 'dtype'>): 2 | 4 {
  return dtype === 'float16' ? 2 : 4;
}

/** Writes the index of a store. */
export function writeIndex(folder: string, index: FeatureIndex): void {
  writeFileAtomic(indexFile(folder), sealJson({ ...index, formatVersion: indexVersion }));
}

/** Reads the index of a store. @throws {InputError} if there is none, a bit of it was changed, or it is of another version. */
export function readIndex(folder: string): ReadIndex {
  const file = indexFile(folder);
  const hint = 'extract the features again into another folder';
  if (!existsSync(file))
    throw new InputError('expected a feature store with an index.json, got none; make one with cxr-align extract', {
      file: folder,
    });
  const text = readFileSync(file, 'utf8');
  // One changed bit cannot remove both marks of a sealed index.
  const isSealed = text.includes('"formatVersion":') || /"sha256":"[0-9a-f]*"\}\s*$/.test(text);
  const { formatVersion, ...index } = (
    isSealed ? unsealJson(text, { file, hint, hashOf: sha256 }) : (parseJson(text, file) ?? {})
  ) as FeatureIndex & { formatVersion?: number };
  if (isSealed && formatVersion !== indexVersion)
    throw new InputError(`expected a feature store of format ${indexVersion}, got ${formatVersion}; ${hint}`, { file });
  if (!isIndex(index))
    throw new InputError(`expected dim, grid, views, shards and ids, got an index without; ${hint}`, { file });
  return { index: { ...index, contents: index.contents ?? [], unreadable: index.unreadable ?? [] }, isSealed };
}

function isIndex(index: FeatureIndex): boolean {
  const { encoder, weightsHash, dim, grid, views, dtype, shards, ids, contents, unreadable } = index;
  const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;
  const isText = (value: unknown): boolean => typeof value === 'string';
  return (
    [encoder, weightsHash].every(isText) &&
    [dim, grid, views].every((value) => isCount(value) && value > 0) &&
    ['float16', 'float32'].includes(dtype) &&
    Array.isArray(shards) &&
    shards.every((shard) => isText(shard?.file) && isCount(shard.images)) &&
    Array.isArray(ids) &&
    ids.every(isText) &&
    (contents === undefined || (Array.isArray(contents) && contents.every(isText))) &&
    (unreadable === undefined || Array.isArray(unreadable))
  );
}
