import type { Dataset } from '@cxr-align/datasets';
import type { Split } from '@cxr-align/datasets';
import { decodeImage, encodePng, resizePixels } from '@cxr-align/image-backbone';
import type { Thumbnail } from '@cxr-align/report';
import type { Predictions } from '@cxr-align/evaluation';
import { samplesIn } from '@cxr-align/training';

/** Pixels along a side of a thumbnail; its borders are black where the image is not square. */
const thumbnail = { size: 128, fit: 'pad' } as const;

/** The images with the largest errors of a label, the largest first. @param count of images. */
export async function largestErrors(
  { labels, targets, probabilities }: Predictions,
  { dataset }: { dataset: Dataset },
  split: Split,
  count: number,
): Promise<Thumbnail[]> {
  if (count === 0) return [];
  const samples = samplesIn(dataset, split);
  const errors = Array.from(targets, (target, at) => ({ at, error: Math.abs(target - probabilities[at]) }))
    .filter(({ error }) => !Number.isNaN(error))
    .sort((a, b) => b.error - a.error || a.at - b.at)
    .slice(0, count);
  return Promise.all(
    errors.map(async ({ at }) => {
      const sample = samples[Math.floor(at / labels.length)];
      const { image } = dataset.samples[sample];
      const pixels = await (typeof image === 'string' ? decodeImage(image, thumbnail) : resizePixels(image, thumbnail));
      return {
        png: await encodePng(pixels, { width: thumbnail.size, height: thumbnail.size }),
        caption: [
          labels[at % labels.length],
          `${targets[at] === 1 ? 'present' : 'absent'}, predicted ${probabilities[at].toFixed(3)}`,
          dataset.samples[sample].id.split('/').slice(-1)[0],
        ],
      };
    }),
  );
}
