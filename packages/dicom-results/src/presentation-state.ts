import { ascii } from './code.js';
import { commonElements, dateAndTime, imageReference, type ObjectKind } from './common.js';
import { element, sequence, type Element, type Item } from './element.js';
import { encodeDicom } from './encode.js';
import type { BoxResult, Result, ResultBox } from './result.js';
import { sourceTexts, sourceUids } from './source.js';

const kind: ObjectKind = {
  sopClass: '1.2.840.10008.5.1.4.1.1.11.1',
  modality: 'PR',
  seriesNumber: 9903,
  seriesDescription: 'Classifier: boxes (not for diagnosis)',
};
const layer = 'CXR_ALIGN';

/**
 * Why boxes of an image cannot be written as a presentation state; undefined where they can. A state replaces how grey values are
 * made of the image's, and tables for that are not taken over.
 */
export function presentationStateObstacle({ source }: Pick<Result, 'source'>): string | undefined {
  const { photometric } = sourceTexts(source);
  if (photometric === undefined || !/^MONOCHROME[12]$/.test(photometric))
    return 'the image is not grey, and a grey-scale presentation state shows grey images alone';
  if (source.hasLookupTable)
    return 'the image has a lookup table of grey values, which a presentation state would replace';
  return undefined;
}

/**
 * Boxes as a Grayscale Softcopy Presentation State: outlines over the image that a viewer can switch off. Window and rescaling are
 * those of the image.
 *
 * @returns the bytes of a DICOM file in the study of the image, in a new series.
 * @throws {InputError} if the image has no UIDs to refer to.
 * @throws {RangeError} if the image cannot have one, see {@link presentationStateObstacle}, or there are no boxes.
 * @see DICOM PS3.3 A.33.1 (Grayscale Softcopy Presentation State IOD).
 */
export function presentationState(result: Result): Uint8Array {
  const { source, found, date } = result;
  const obstacle = presentationStateObstacle(result);
  if (obstacle !== undefined) throw new RangeError(`dicom-results/presentationState: ${obstacle}`);
  if (found === undefined || found.boxes.length === 0)
    throw new RangeError('dicom-results/presentationState: expected boxes, got none; write no presentation state then');
  const uids = sourceUids(source);
  const [day, time] = dateAndTime(date);
  return encodeDicom([
    ...commonElements(result, kind),
    element('00200060', 'CS'), // Laterality
    element('00700080', 'CS', 'CXR_ALIGN'), // Content Label
    element('00700081', 'LO', 'Boxes of a classifier. Not for diagnosis.'),
    element('00700082', 'DA', day),
    element('00700083', 'TM', time),
    element('00700084', 'PN', 'cxr-align^'),
    sequence('00081115', [sequence('00081140', imageReference(uids)), element('0020000e', 'UI', uids.series)]),
    ...greyScale(result),
    sequence('0070005a', displayedArea(result)),
    sequence('00700001', graphics(found, result)),
    sequence('00700060', [
      element('00700002', 'CS', layer),
      element('00700062', 'IS', 1),
      element('00700066', 'US', 0xffff),
      element('00700068', 'LO', 'Boxes of a classifier'),
    ]),
  ]);
}

/** How grey values are made: as the image says. @see DICOM PS3.3 C.11.1, C.11.2, C.11.6. */
function greyScale({ source }: Result): Element[] {
  const { intercept, slope, rescaleType, windowCenter, windowWidth, windowFunction, photometric } = sourceTexts(source);
  const first = (text: string): string => text.split('\\')[0].trim();
  return [
    ...(intercept !== undefined && slope !== undefined
      ? [
          element('00281052', 'DS', first(intercept)),
          element('00281053', 'DS', first(slope)),
          element('00281054', 'LO', first(rescaleType ?? 'US')),
        ]
      : []),
    ...(windowCenter !== undefined && windowWidth !== undefined
      ? [
          sequence('00283110', [
            element('00281050', 'DS', first(windowCenter)),
            element('00281051', 'DS', first(windowWidth)),
            ...(windowFunction === undefined ? [] : [element('00281056', 'CS', first(windowFunction))]),
          ]),
        ]
      : []),
    element('20500020', 'CS', photometric === 'MONOCHROME1' ? 'INVERSE' : 'IDENTITY'), // Presentation LUT Shape
  ];
}

/** @see DICOM PS3.3 C.10.4. */
function displayedArea({ source }: Result): Item {
  const { rows, columns } = source;
  const { spacing, imagerSpacing } = sourceTexts(source);
  const known = spacing ?? imagerSpacing;
  return [
    element('00700052', 'SL', 1, 1),
    element('00700053', 'SL', columns, rows),
    element('00700100', 'CS', 'SCALE TO FIT'),
    ...(known === undefined
      ? [element('00700102', 'IS', 1, 1)]
      : [element('00700101', 'DS', ...known.split('\\').map((one) => one.trim()))]),
  ];
}

/** @see DICOM PS3.3 C.10.5. */
function graphics({ label, boxes }: BoxResult, result: Result): Item {
  return [
    sequence('00081140', imageReference(sourceUids(result.source))),
    element('00700002', 'CS', layer),
    sequence('00700008', ...boxes.map((box) => labelText(label, box))),
    sequence('00700009', ...boxes.map(outline)),
  ];
}

function outline({ x, y, w, h }: ResultBox): Item {
  // In units of PIXEL the top left corner of the first pixel is 0\0, as in the boxes.
  const corners = [x, y, x + w, y, x + w, y + h, x, y + h, x, y];
  return [
    element('00700005', 'CS', 'PIXEL'),
    element('00700020', 'US', 2),
    element('00700021', 'US', 5),
    element('00700022', 'FL', ...corners),
    element('00700023', 'CS', 'POLYLINE'),
    element('00700024', 'CS', 'N'),
  ];
}

function labelText(label: string, { x, y }: ResultBox): Item {
  return [
    element('00700004', 'CS', 'PIXEL'),
    element('00700006', 'ST', ascii(label)),
    element('00700014', 'FL', x, y),
    element('00700015', 'CS', 'N'),
  ];
}
