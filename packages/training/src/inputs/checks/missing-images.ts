import { missingImagesText, type Dataset, type ImagePlaces } from '@cxr-align/datasets';
import { InputError } from '@cxr-align/files';
import { imageFileExists, imageFileSize } from '@cxr-align/image-backbone/images';
import type { Progress } from '../../progress.js';
import { eachOf } from './each-of.js';

type Images = readonly Pick<Dataset['samples'][number], 'id' | 'image'>[];

/** Finds the image of each sample; nothing is read. */
export async function imagePlaces(samples: Images, progress: Progress): Promise<ImagePlaces> {
  const sizes = new Float64Array(samples.length).fill(NaN);
  const isMissing = new Uint8Array(samples.length);
  await eachOf(
    samples,
    { task: 'looking for images', what: 'files that are looked for', progress },
    async (sample, at) => {
      const { image } = sample;
      if (typeof image !== 'string') return;
      const size = await imageFileSize(image);
      if (size !== undefined) sizes[at] = size;
      else if (!imageFileExists(image)) isMissing[at] = 1;
    },
  );
  const first = isMissing.indexOf(1);
  return {
    images: samples.length,
    missing: isMissing.reduce((sum, one) => sum + one, 0),
    first: first < 0 ? null : { image: samples[first].id, path: samples[first].image as string },
    sizes,
  };
}

/** @throws {InputError} before any image is read if more of them are missing than may be unreadable. */
export function refuseMissing(places: ImagePlaces, maxBad: number): void {
  if (places.missing > maxBad * places.images)
    throw new InputError(`expected a file for each image, got that ${missingImagesText(places)!}`);
}
