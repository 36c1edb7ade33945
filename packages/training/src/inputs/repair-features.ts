import type { DamagedShard, FeatureStoreWriter, Sample } from '@cxr-align/datasets';
import { InputError } from '@cxr-align/files';
import type { DecodedViews, ViewOptions } from './decode-views.js';
import type { Decoder } from './decoder.js';
import type { Progress } from '../progress.js';

/** What makes the features of images. */
export interface RepairTools {
  decode: Decoder;
  viewOptions: ViewOptions;
  /** Features [images, views, grid², dim] of some images row by row. */
  encode: (images: readonly DecodedImage[]) => Promise<Float32Array>;
  batchSize: number;
  progress: Progress;
}

/** An image that could be decoded. */
export type DecodedImage = Extract<DecodedViews, { views: unknown }>;

/**
 * Makes damaged and missing shards of a feature store anew, from the images that they had.
 *
 * @throws {InputError} if the data set has not all of these images, or other ones of the same names.
 */
export async function repairShards(
  writer: FeatureStoreWriter,
  damaged: readonly DamagedShard[],
  samples: readonly Sample[],
  { decode, viewOptions, encode, batchSize, progress }: RepairTools,
): Promise<void> {
  if (damaged.length === 0) return;
  const byId = new Map(samples.map((sample) => [sample.id, sample]));
  const bar = progress.start('encoding damaged shards again', damaged.length);
  for (const [i, shard] of damaged.entries()) {
    const wanted = shard.images.map(({ id }) => byId.get(id) ?? refuse(shard, `one without ${id}`));
    const parts: Float32Array[] = [];
    for (let start = 0; start < wanted.length; start += batchSize) {
      const decoded = await decode(wanted.slice(start, start + batchSize), viewOptions);
      parts.push(await encode(decoded.map((one, at) => sameImage(one, shard, start + at))));
    }
    const features = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
    parts.reduce((at, part) => (features.set(part, at), at + part.length), 0);
    const isSame = writer.replace(shard, features);
    progress.remark(
      `${shard.file} was missing or damaged: its ${wanted.length} images were encoded again${isSame ? ', to the same bytes' : '; the bytes differ from those that it had, and so may runs that are resumed'}`,
    );
    bar.update(i + 1);
  }
  bar.stop();
}

function sameImage(decoded: DecodedViews, shard: DamagedShard, at: number): DecodedImage {
  if ('reason' in decoded) return refuse(shard, `one that cannot be read (${decoded.reason})`);
  const { content } = shard.images[at];
  if (content && decoded.content !== content) return refuse(shard, `another one called ${decoded.id}`);
  return decoded;
}

function refuse({ file }: DamagedShard, found: string): never {
  throw new InputError(
    `expected the images that this shard was made of, to make it again, got ${found}; extract with the data set that it was made of, or into another folder`,
    { file },
  );
}
