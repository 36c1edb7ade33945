import { missingImagesText, sharedImages, sharedImagesText } from '@cxr-align/datasets';
import type { InputSource, LoadedData } from '../load-inputs.js';
import type { Progress } from '../../progress.js';
import { imagePlaces } from './missing-images.js';

/**
 * What to mind of images that were brought in: the same image under two patients, and, where features are read, images that do not
 * exist where the table points.
 */
export async function loadedImageRemarks(
  { dataset: { samples }, contentOf }: Pick<LoadedData, 'dataset' | 'contentOf'>,
  { kind }: Pick<InputSource, 'kind'>,
  progress: Progress,
): Promise<string[]> {
  const shared = sharedImagesText(sharedImages(samples, contentOf));
  const missing = kind === 'features' ? missingImagesText(await imagePlaces(samples, progress)) : undefined;
  return [
    ...(shared === undefined ? [] : [shared]),
    ...(missing === undefined ? [] : [`${missing}; their features are read from the store`]),
  ];
}
