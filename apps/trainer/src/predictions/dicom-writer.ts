import { join } from 'node:path';
import { dicomResults, type ImagePrediction } from '@cxr-align/classifier';
import { writeFileAtomic } from '@cxr-align/files';
import { imageFileName } from './image-file-name.js';
import type { ModelIdentity } from './model-identity.js';

/** The files in which a prediction stands as DICOM. */
export interface DicomFiles {
  /** Comprehensive 3D SR. */
  report: string;
  /** Secondary Capture. */
  capture: string;
  /** Grayscale Softcopy Presentation State, where there are boxes. */
  state?: string;
  /** What was not written, and why. */
  remarks?: string[];
}

/** Writes the prediction of an image as DICOM. */
export type DicomWriter = (
  image: string,
  prediction: Pick<ImagePrediction, 'labels' | 'map'>,
  model: ModelIdentity,
) => Promise<DicomFiles>;

/**
 * Writes predictions as DICOM files into a folder: NAME.sr.dcm, NAME.sc.dcm and, with boxes, NAME.pr.dcm.
 *
 * @param images all of them, so that each has files of its own.
 */
export function dicomWriter(images: readonly string[], folder: string): DicomWriter {
  return async (image, prediction, model) => {
    const { report, capture, state, remarks } = await dicomResults(image, prediction, { model });
    const write = (kind: string, bytes: Uint8Array): string => {
      const file = join(folder, `${imageFileName(image, images)}.${kind}.dcm`);
      writeFileAtomic(file, bytes);
      return file;
    };
    return {
      report: write('sr', report),
      capture: write('sc', capture),
      ...(state && { state: write('pr', state) }),
      ...(remarks.length > 0 && { remarks }),
    };
  };
}
