import { imageHeader } from '@cxr-align/classifier';
import type { Dataset, ImageHeader, Sample } from '@cxr-align/datasets';
import type { Progress } from '../../progress.js';
import { eachOf } from './each-of.js';

/**
 * Reads the headers of the DICOM images of a data set, without their pixels.
 *
 * @returns for each sample its header; undefined where its image is no DICOM file, is not there, or is broken, which decoding it reports.
 */
export async function readHeaders(
  samples: Dataset['samples'],
  progress: Progress,
): Promise<(ImageHeader | undefined)[]> {
  const headers = new Array<ImageHeader | undefined>(samples.length).fill(undefined);
  const places = new Map<Sample, number>();
  samples.forEach((sample, at) => {
    if (typeof sample.image === 'string') places.set(sample, at);
  });
  if (places.size === 0) return headers;
  const options = { task: 'looking for DICOM headers', what: 'DICOM headers that are read', progress };
  await eachOf([...places.keys()], options, async (sample) => {
    headers[places.get(sample)!] = await imageHeader(sample.image as string);
  });
  return headers;
}
