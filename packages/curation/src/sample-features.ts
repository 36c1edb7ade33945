import { FeatureStore, type Sample } from '@cxr-align/datasets';
import { InputError } from '@cxr-align/files';
import type { Matrix } from '@cxr-align/heads';

/** Features of the samples of a data set. */
export interface SampleFeatures {
  /** [images, dim]: of the first view, the mean over its patches. */
  features: Matrix;
  /** Of each row: the place of its sample. */
  rows: number[];
  /** Of each row: the start of the hash of its image's bytes; empty where the store has none. */
  contents: string[];
  /** Samples that the store has no features of. */
  missing: string[];
}

/** Rows that are read at once. */
const atATime = 256;

/**
 * Reads the features of samples from a store.
 *
 * @throws {InputError} if the folder is no store, or has none of the samples.
 */
export function sampleFeatures(folder: string, samples: readonly Pick<Sample, 'id'>[]): SampleFeatures {
  const store = new FeatureStore(folder);
  try {
    const { dim, views, contents } = store.index;
    const found = samples.flatMap(({ id }, row) => {
      const place = store.places.get(id);
      return place === undefined ? [] : [{ row, place }];
    });
    if (found.length === 0)
      throw new InputError(
        `expected features of the data set's ${samples.length} images, got a store without any of them (it has ${store.index.ids.slice(0, 3).join(', ') || 'no image at all'}); extract the features of this data set`,
        { file: folder },
      );
    const data = new Float64Array(found.length * dim);
    const patches = store.width / dim;
    for (let first = 0; first < found.length; first += atATime) {
      const part = found.slice(first, first + atATime);
      const values = store.read(part.map(({ place }) => place * views));
      for (let at = 0; at < values.length; at++)
        data[(first + Math.floor(at / store.width)) * dim + (at % dim)] += values[at] / patches;
    }
    return {
      features: { rows: found.length, columns: dim, data },
      rows: found.map(({ row }) => row),
      contents: found.map(({ place }) => contents[place] ?? ''),
      missing: samples.flatMap(({ id }) => (store.places.has(id) ? [] : [id])),
    };
  } finally {
    store.close();
  }
}
