import { ascii, dcm, labelCode, sct, type Code } from './code.js';
import {
  commonElements,
  dateAndTime,
  evidence,
  manufacturer,
  modelName,
  thresholdCode,
  type ObjectKind,
} from './common.js';
import {
  codeContent,
  container,
  imageContent,
  numberContent,
  outlineContent,
  textContent,
  uidContent,
} from './content-item.js';
import { element, sequence, type Item } from './element.js';
import { encodeDicom } from './encode.js';
import type { LabelResult, Result, ResultBox } from './result.js';
import { sourceUids } from './source.js';
import { derivedUid } from './uid.js';

const kind: ObjectKind = {
  sopClass: '1.2.840.10008.5.1.4.1.1.88.34',
  modality: 'SR',
  seriesNumber: 9901,
  seriesDescription: 'Classifier: report (not for diagnosis)',
};
const percent: Code = { value: '%', scheme: 'UCUM', meaning: 'Percent' };
const finding = dcm('121071', 'Finding');
const site = codeContent('HAS CONCEPT MOD', sct('363698007', 'Finding Site'), sct('51185008', 'Chest'));

/**
 * The result as a Comprehensive 3D SR by template TID 1500: of each label a measurement group with its probability in per cent, its
 * threshold and whether it is called present, all inferred from the image; of each box a group with its outline. Unverified.
 *
 * @returns the bytes of a DICOM file in the study of the image, in a new series.
 * @throws {InputError} if the image has no UIDs to refer to.
 * @see DICOM PS3.3 A.35.13 (Comprehensive 3D SR IOD), PS3.16 TID 1500, 1501, 1410; IHE RAD AI Results.
 */
export function structuredReport(result: Result): Uint8Array {
  const [day, time] = dateAndTime(result.date);
  return encodeDicom([
    ...commonElements(result, kind),
    element('00080023', 'DA', day),
    element('00080033', 'TM', time),
    sequence('00081111'), // Referenced Performed Procedure Step Sequence
    sequence('0040a372'), // Performed Procedure Code Sequence
    sequence('0040a375', evidence(result)),
    element('0040a491', 'CS', 'COMPLETE'),
    element('0040a493', 'CS', 'UNVERIFIED'),
    element('0040a496', 'CS', 'PRELIMINARY'),
    ...report(result),
  ]);
}

function report(result: Result): Item {
  const { source, model, labels, found } = result;
  const image = sourceUids(source);
  const track = new Tracker(result);
  return container(
    dcm('126000', 'Imaging Measurement Report'),
    [
      codeContent('HAS CONCEPT MOD', dcm('121049', 'Language of Content Item and Descendants'), {
        value: 'en-US',
        scheme: 'RFC5646',
        meaning: 'English (United States)',
      }),
      codeContent('HAS OBS CONTEXT', dcm('121005', 'Observer Type'), dcm('121007', 'Device')),
      uidContent('HAS OBS CONTEXT', dcm('121012', 'Device Observer UID'), derivedUid('device', model.hash)),
      textContent('HAS OBS CONTEXT', dcm('121013', 'Device Observer Name'), modelName(result)),
      textContent('HAS OBS CONTEXT', dcm('121014', 'Device Observer Manufacturer'), manufacturer),
      textContent('HAS OBS CONTEXT', dcm('121015', 'Device Observer Model Name'), modelName(result)),
      codeContent('HAS CONCEPT MOD', dcm('121058', 'Procedure reported'), sct('399208008', 'Plain chest X-ray')),
      container(
        dcm('111028', 'Image Library'),
        [
          container(
            dcm('126200', 'Image Library Group'),
            [imageContent('CONTAINS', undefined, image)],
            undefined,
            'CONTAINS',
          ),
        ],
        undefined,
        'CONTAINS',
      ),
      container(
        dcm('126010', 'Imaging Measurements'),
        [
          ...labels.map((label) => labelGroup(label, track.next(label.label), result)),
          ...(found?.boxes.map((box) => boxGroup(box, found.label, track.next(found.label), result)) ?? []),
        ],
        undefined,
        'CONTAINS',
      ),
    ],
    '1500',
  );
}

/** Names the groups of a report. */
class Tracker {
  private count = 0;
  constructor(private readonly result: Result) {}

  next(label: string): Item[] {
    const at = String(++this.count);
    const { source, model } = this.result;
    return [
      textContent('HAS OBS CONTEXT', dcm('112039', 'Tracking Identifier'), `${ascii(label)} ${at}`),
      uidContent(
        'HAS OBS CONTEXT',
        dcm('112040', 'Tracking Unique Identifier'),
        derivedUid('group', sourceUids(source).instance, model.hash, at),
      ),
    ];
  }
}

/** What computed a group. @see DICOM PS3.16 TID 4019. */
function algorithm(result: Result): Item[] {
  return [
    textContent('HAS CONCEPT MOD', dcm('111001', 'Algorithm Name'), modelName(result)),
    textContent('HAS CONCEPT MOD', dcm('111003', 'Algorithm Version'), `${result.model.version} ${result.model.hash}`),
  ];
}

/** @see DICOM PS3.16 TID 1501 (Measurement and Qualitative Evaluation Group). */
function labelGroup({ label, probability, threshold, positive }: LabelResult, tracking: Item[], result: Result): Item {
  const image = sourceUids(result.source);
  const from = [imageContent('INFERRED FROM', dcm('121112', 'Source of Measurement'), image)];
  const presence = positive ? sct('52101004', 'Present') : sct('2667000', 'Absent');
  return container(
    dcm('125007', 'Measurement Group'),
    [
      ...tracking,
      codeContent('CONTAINS', finding, labelCode(label)),
      ...algorithm(result),
      site,
      numberContent(
        'CONTAINS',
        dcm('111012', 'Certainty of Finding'),
        { value: 100 * probability, unit: percent },
        from,
      ),
      numberContent('CONTAINS', thresholdCode, { value: 100 * threshold, unit: percent }, from),
      codeContent('CONTAINS', sct('705057003', 'Presence'), presence),
    ],
    '1501',
    'CONTAINS',
  );
}

/** @see DICOM PS3.16 TID 1410 (Planar ROI Measurements and Qualitative Evaluations). */
function boxGroup({ x, y, w, h }: ResultBox, label: string, tracking: Item[], result: Result): Item {
  const corners = [x, y, x + w, y, x + w, y + h, x, y + h, x, y];
  return container(
    dcm('125007', 'Measurement Group'),
    [
      ...tracking,
      codeContent('CONTAINS', finding, labelCode(label)),
      ...algorithm(result),
      site,
      outlineContent('CONTAINS', dcm('111030', 'Image Region'), corners, sourceUids(result.source)),
    ],
    '1410',
    'CONTAINS',
  );
}
