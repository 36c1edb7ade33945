import { burnText } from './burnt-text.js';
import { commonElements, imageReference, type ObjectKind } from './common.js';
import { codeItem } from './code.js';
import { element, sequence } from './element.js';
import { encodeDicom } from './encode.js';
import type { Picture, Result } from './result.js';
import { sourceTexts, sourceUids } from './source.js';

const kind: ObjectKind = {
  sopClass: '1.2.840.10008.5.1.4.1.1.7',
  modality: 'OT',
  seriesNumber: 9902,
  seriesDescription: 'Classifier: picture (not for diagnosis)',
};

/**
 * A picture of the result as a Secondary Capture, which any viewer shows: the label of the map and "NOT FOR DIAGNOSIS" are burnt into
 * its pixels.
 *
 * @param picture the image with map and boxes; left as it is.
 * @returns the bytes of a DICOM file in the study of the image, in a new series.
 * @throws {InputError} if the image has no UIDs to refer to.
 * @see DICOM PS3.3 A.8.1 (Secondary Capture Image IOD).
 */
export function secondaryCapture(result: Result, picture: Picture): Uint8Array {
  const { found, labels, source } = result;
  const shown = labels.find(({ label }) => label === found?.label);
  const lines = ['NOT FOR DIAGNOSIS', ...(shown ? [`${shown.label} ${(100 * shown.probability).toFixed(0)} %`] : [])];
  const burnt = burnText(picture, lines);
  const { orientation } = sourceTexts(source);
  return encodeDicom([
    ...commonElements(result, kind),
    element('00080008', 'CS', 'DERIVED', 'SECONDARY'),
    element('00080064', 'CS', 'WSD'), // Conversion Type
    element('00082111', 'ST', 'Map and boxes of a classifier over the image. Not for diagnosis.'),
    sequence('00082112', [
      ...imageReference(sourceUids(source)),
      sequence(
        '0040a170',
        codeItem({ value: '121322', scheme: 'DCM', meaning: 'Source image for image processing operation' }),
      ),
    ]),
    element('00200060', 'CS'), // Laterality
    element('00200020', 'CS', ...(orientation?.split('\\') ?? [])),
    element('00280301', 'CS', 'YES'), // Burned In Annotation
    element('00280002', 'US', 3),
    element('00280004', 'CS', 'RGB'),
    element('00280006', 'US', 0),
    element('00280010', 'US', burnt.height),
    element('00280011', 'US', burnt.width),
    element('00280100', 'US', 8),
    element('00280101', 'US', 8),
    element('00280102', 'US', 7),
    element('00280103', 'US', 0),
    { tag: '7fe00010', vr: 'OB', value: burnt.data },
  ]);
}
