import type { Sample } from '../dataset.js';

type Samples = readonly Pick<Sample, 'id' | 'patient' | 'split'>[];

/** Images that are the same, byte by byte, and belong to several patients. */
export interface SharedImages {
  /** Groups of the same images over several patients. */
  groups: number;
  /** Images of these groups. */
  images: number;
  /** Groups of them over several splits. */
  overSplits: number;
  /** The first 20, those over several splits before others. */
  examples: { images: string[]; count: number; patients: number; splits: string[] }[];
  /** Images that were compared; those in Parquet files are not, unless all images are read. */
  compared: number;
}

const named = 20;
const namedImages = 10;

/**
 * Images with the same content under several patients. @param contentOf a key of the content of a sample; empty where it is unknown.
 */
export function sharedImages(samples: Samples, contentOf: (sample: number) => string): SharedImages {
  const byContent = new Map<string, number[]>();
  let compared = 0;
  samples.forEach((_, at) => {
    const content = contentOf(at);
    if (content === '') return;
    compared++;
    const group = byContent.get(content);
    if (group) group.push(at);
    else byContent.set(content, [at]);
  });
  const found = [...byContent.values()]
    .map((places) => ({
      images: places.map((at) => samples[at].id),
      patients: new Set(places.map((at) => samples[at].patient)).size,
      splits: [...new Set(places.map((at) => samples[at].split))],
    }))
    .filter(({ patients }) => patients > 1);
  return {
    groups: found.length,
    images: found.reduce((sum, { images }) => sum + images.length, 0),
    overSplits: found.filter(({ splits }) => splits.length > 1).length,
    examples: [...found]
      .sort((a, b) => b.splits.length - a.splits.length)
      .slice(0, named)
      .map(({ images, ...group }) => ({ images: images.slice(0, namedImages), count: images.length, ...group })),
    compared,
  };
}

/** The same images under several patients in a sentence, without the patients' names; undefined where there are none. */
export function sharedImagesText({ groups, images, overSplits, examples }: SharedImages): string | undefined {
  if (groups === 0) return undefined;
  const [{ images: first, splits }] = examples;
  const many = groups === 1 ? '1 group of images has' : `${groups} groups of images have`;
  const leak = overSplits > 0 ? `; ${overSplits} over several splits, where scores are too good` : '';
  return `warning: ${many} the same bytes under several patients (${images} images${leak}); the first: ${first.slice(0, 4).join(' = ')} (${splits.join(', ')}); correct their patients, or leave the copies out`;
}
