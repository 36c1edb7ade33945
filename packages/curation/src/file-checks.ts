import {
  sharedImages,
  type Dataset,
  type HeaderComparison,
  type ImagePlaces,
  type SharedImages,
} from '@cxr-align/datasets';
import { contentsOf } from './image-contents.js';
import {
  checkHeaders,
  imagePlaces,
  progressOf,
  refuseUnknownOptions,
  type HeaderOptions,
  type RunControl,
} from '@cxr-align/training';

/** What the files of a data set show without reading the pixels. */
export interface FileChecks {
  /** Whether images are where the table points. */
  places: Omit<ImagePlaces, 'sizes'>;
  /** The same image, byte by byte, under several patients. */
  sharedImages: SharedImages;
  /** What DICOM headers have beside the table; null where no image has one. */
  headers: HeaderComparison | null;
  /** Whether fields were taken from the headers where the table has none. */
  dicomFields: boolean;
}

/** Which files are checked. */
export interface CheckFilesOptions extends RunControl, Pick<HeaderOptions, 'dicomFields'> {
  dataset: Dataset;
}

/**
 * Checks the files of a data set: which images are there, which are the same under several patients, and what DICOM headers have.
 *
 * @returns `dataset` with what was taken from headers, where that is requested; refused images stay in it.
 * @throws {TypeError} for an unknown option.
 *
 * @example
 * const { files } = await checkFiles({ dataset: mergeDatasets({ datasets, graph }).dataset });
 */
export async function checkFiles(options: CheckFilesOptions): Promise<{ dataset: Dataset; files: FileChecks }> {
  refuseUnknownOptions('curation/checkFiles', options, ['dataset', 'dicomFields', 'on', 'signal', 'stallSeconds']);
  const { dicomFields = false } = options;
  const progress = progressOf(options);
  const { sizes, ...places } = await imagePlaces(options.dataset.samples, progress);
  const { dataset, comparison } = await checkHeaders(options.dataset, { dicomFields, anyModality: true }, progress);
  const { samples } = dataset;
  const contents = await contentsOf(samples, sizes, progress);
  return {
    dataset,
    files: { places, sharedImages: sharedImages(samples, (at) => contents[at]), headers: comparison, dicomFields },
  };
}
