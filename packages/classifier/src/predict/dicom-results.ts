import { readFileSync } from 'node:fs';
import {
  type Result,
  presentationState,
  presentationStateObstacle,
  secondaryCapture,
  sourceTags,
  structuredReport,
} from '@cxr-align/dicom-results';
import { faultReason, InputError } from '@cxr-align/files';
import { dicomValues, isDicom, mapColours } from '@cxr-align/image-backbone/images';
import { drawnMap } from './draw-label-map.js';
import type { ImagePrediction, LabelMap } from './prediction.js';

/** A prediction as DICOM objects, in the study of its image: each the bytes of a file. */
export interface DicomResults {
  /** Comprehensive 3D SR by TID 1500. */
  report: Uint8Array;
  /** Secondary Capture: the image with the map, where there is one, and "NOT FOR DIAGNOSIS". */
  capture: Uint8Array;
  /** Grayscale Softcopy Presentation State with the map's boxes; absent without boxes, and where `remarks` say why. */
  state?: Uint8Array;
  /** What was not written, and why. */
  remarks: string[];
}

/**
 * Writes a prediction as DICOM objects, for the study of its image.
 *
 * @param image the DICOM file that was predicted, its path or bytes.
 * @param prediction with `map` for boxes and for the map in the picture.
 * @param options `model`: which model predicted, and the version of the program. `date`: when; now unless given.
 * @throws {InputError} if the image is no DICOM file, or has no UIDs to refer to. Nothing of the patient is in the message.
 *
 * @example
 * const predictor = await openPredictor('runs/a');
 * const prediction = await predictor.predict('image.dcm', { map: true });
 * const model = { name: 'runs/a', hash: folderHash('runs/a/model'), version: '1.0.0' };
 * writeFileSync('report.dcm', (await dicomResults('image.dcm', prediction, { model })).report);
 */
export async function dicomResults(
  image: string | Uint8Array,
  { labels, map }: Pick<ImagePrediction, 'labels' | 'map'>,
  { model, date = new Date() }: { model: Result['model']; date?: Date },
): Promise<DicomResults> {
  const name = typeof image === 'string' ? image : 'image';
  const bytes = typeof image === 'string' ? bytesOf(image) : image;
  if (!isDicom(bytes))
    throw new InputError(
      'expected a DICOM image to write results for, got another kind of file, which is of no study; predict its DICOM original',
      { file: name },
    );
  const source = { ...dicomValues(bytes, sourceTags, name), file: name };
  const result: Result = {
    source,
    model,
    date,
    labels: Object.entries(labels).map(([label, { probability, threshold, positive }]) => ({
      label,
      probability,
      threshold,
      positive,
    })),
    ...(map && { found: { label: map.label, boxes: withinImage(map, source) } }),
  };
  const report = structuredReport(result);
  const capture = secondaryCapture(result, await mapColours(bytes, map && drawnMap(map), name));
  const obstacle = result.found?.boxes.length ? presentationStateObstacle(result) : undefined;
  return {
    report,
    capture,
    ...(result.found?.boxes.length && obstacle === undefined && { state: presentationState(result) }),
    remarks: obstacle === undefined ? [] : [`no presentation state: ${obstacle}`],
  };
}

/** The boxes of a map, cut at the edges of the image. */
function withinImage({ boxes }: LabelMap, { rows, columns }: { rows: number; columns: number }) {
  return boxes.flatMap(({ x, y, w, h }) => {
    const [left, top] = [Math.max(0, x), Math.max(0, y)];
    const box = { x: left, y: top, w: Math.min(columns, x + w) - left, h: Math.min(rows, y + h) - top };
    return box.w > 0 && box.h > 0 ? [box] : [];
  });
}

function bytesOf(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new InputError(`expected a file that can be read, got none (${faultReason(error)}); check the path`, {
      file: path,
    });
  }
}
