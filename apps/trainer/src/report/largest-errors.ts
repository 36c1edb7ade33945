import type { Split } from '@cxr-align/datasets';
import { encodePng } from '@cxr-align/image-backbone';
import type { Thumbnail } from '@cxr-align/report';
import type { Predictions } from '../predictions.js';
import { samplesIn, type LoadedData } from '../prepare-data.js';

/** The images whose label was said to be furthest from what it is: as many as are asked for, the largest error first. */
export async function largestErrors(
  { labels, targets, probabilities }: Predictions,
  { dataset, images }: LoadedData,
  split: Split,
  count: number,
): Promise<Thumbnail[]> {
  if (count === 0) return [];
  const samples = samplesIn(dataset, split);
  const errors = Array.from(targets, (target, at) => ({ at, error: Math.abs(target - probabilities[at]) }))
    .filter(({ error }) => !Number.isNaN(error))
    .sort((a, b) => b.error - a.error || a.at - b.at)
    .slice(0, count);
  const { size, pixels } = images;
  return Promise.all(
    errors.map(async ({ at }) => {
      const sample = samples[Math.floor(at / labels.length)];
      const place = images.places[sample];
      const own = pixels.subarray(place * size * size, (place + 1) * size * size);
      return {
        png: await encodePng(own, { width: size, height: size }),
        caption: [
          labels[at % labels.length],
          `${targets[at] === 1 ? 'present' : 'absent'}, said ${probabilities[at].toFixed(3)}`,
          dataset.samples[sample].id.split('/').slice(-1)[0],
        ],
      };
    }),
  );
}
