/** Whether the images of a data set are where its table points. */
export interface ImagePlaces {
  images: number;
  missing: number;
  /** The first that is missing, and where it was looked for. */
  first: { image: string; path: string } | null;
  /**
   * Bytes of each image, NaN of others: pixels in memory, images in Parquet files, what is missing.
   */
  sizes: Float64Array;
}

/** Missing images in a sentence: how many, the first, where it was looked for; undefined where none is. */
export function missingImagesText({ images, missing, first }: Omit<ImagePlaces, 'sizes'>): string | undefined {
  if (!first) return undefined;
  const how =
    missing === images
      ? `none of the ${images} images exists`
      : `${missing} of the ${images} images ${missing === 1 ? 'does' : 'do'} not exist`;
  return `${how} where the table points: the first, ${first.image}, was looked for at ${first.path}; pass the folder that the names in the table are relative to (images)`;
}
