import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { open } from 'node:fs/promises';
import type { Sample } from '@cxr-align/datasets';
import { readImage } from '@cxr-align/image-backbone/images';
import { contentHash, eachOf, type Progress } from '@cxr-align/training';

type Samples = readonly Pick<Sample, 'id' | 'image' | 'patient' | 'split'>[];

/**
 * The contents of images, as far as it takes them to find the same ones: files of a size of their own are not read, those of one size
 * by their start, middle and end, and whole where these are the same. Images in Parquet files are not read.
 *
 * @param sizes bytes of each image; NaN where they are unknown.
 * @returns a key of each content; empty where it was not read.
 */
export async function contentsOf(samples: Samples, sizes: Float64Array, progress: Progress): Promise<string[]> {
  const keys = samples.map(({ image }, at) => {
    if (!Number.isNaN(sizes[at])) return `size ${sizes[at]}`;
    return typeof image === 'string' ? '' : `pixels ${image.width}x${image.height}`;
  });
  const refine = async (
    task: string,
    keyOf: (sample: Samples[number], at: number) => Promise<string>,
  ): Promise<void> => {
    const chosen = inCrowds(samples, keys);
    const places = new Map(chosen.map((at) => [samples[at].id, at]));
    await eachOf(
      chosen.map((at) => samples[at]),
      { task, what: 'images that are compared', progress },
      async (sample) => {
        const at = places.get(sample.id)!;
        keys[at] = `${keys[at]} ${await keyOf(sample, at).catch(() => `unreadable ${at}`)}`;
      },
    );
  };
  await refine('comparing parts of images', async ({ image }, at) =>
    typeof image === 'string' && existsSync(image) ? partsHash(image, sizes[at]) : '',
  );
  await refine('comparing images', async ({ image }) =>
    contentHash(typeof image === 'string' ? await readImage(image) : image.data),
  );
  return keys;
}

/** Samples whose key another one of another patient has. */
function inCrowds(samples: Samples, keys: readonly string[]): number[] {
  const patients = new Map<string, string | null>();
  keys.forEach((key, at) => {
    const known = patients.get(key);
    const { patient } = samples[at];
    patients.set(key, known === undefined || known === patient ? patient : null);
  });
  return keys.flatMap((key, at) => (key !== '' && patients.get(key) === null ? [at] : []));
}

/** Bytes of a part. */
const part = 4096;

/** A hash of the start, the middle and the end of a file. */
async function partsHash(path: string, size: number): Promise<string> {
  const file = await open(path, 'r');
  try {
    const hash = createHash('sha256');
    const bytes = new Uint8Array(part);
    for (const at of [0, Math.max(0, Math.floor(size / 2) - part / 2), Math.max(0, size - part)]) {
      const { bytesRead } = await file.read(bytes, 0, part, at);
      hash.update(bytes.subarray(0, bytesRead));
    }
    return hash.digest('hex').slice(0, 16);
  } finally {
    await file.close();
  }
}
