import type { Dataset } from '@cxr-align/datasets';
import { decodeImage, encodePng, resizePixels } from '@cxr-align/image-backbone';
import type { Thumbnail } from '@cxr-align/report';
import type { Predictions } from '@cxr-align/evaluation';

/** Pixels along a side of a thumbnail; its borders are black where the image is not square. */
const thumbnail = { size: 128, fit: 'pad' } as const;

/** The images with the largest errors of a label, the largest first. @param count of images. */
export async function largestErrors(
  { labels, samples, targets, probabilities }: Predictions,
  { dataset }: { dataset: Dataset },
  count: number,
): Promise<Thumbnail[]> {
  if (count === 0) return [];
  const rows = new Map(dataset.samples.toReversed().map((sample) => [sample.study, sample]));
  for (const sample of dataset.samples) rows.set(sample.id, sample);
  const errors = Array.from(targets, (target, at) => ({ at, error: Math.abs(target - probabilities[at]) }))
    .filter(({ error }) => !Number.isNaN(error))
    .sort((a, b) => b.error - a.error || a.at - b.at)
    .slice(0, count);
  return Promise.all(
    errors.map(async ({ at }) => {
      const { image, id } = rows.get(samples[Math.floor(at / labels.length)].id)!;
      const pixels = await (typeof image === 'string' ? decodeImage(image, thumbnail) : resizePixels(image, thumbnail));
      return {
        png: await encodePng(pixels, { width: thumbnail.size, height: thumbnail.size }),
        caption: [
          labels[at % labels.length],
          `${targets[at] === 1 ? 'present' : 'absent'}, predicted ${probabilities[at].toFixed(3)}`,
          id.split('/').slice(-1)[0],
        ],
      };
    }),
  );
}
