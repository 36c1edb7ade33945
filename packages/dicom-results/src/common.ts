import { ascii, codeItem, own, privateSchemeIdentification } from './code.js';
import { element, sequence, type Element, type Item } from './element.js';
import type { Result } from './result.js';
import { keptElements, sourceUids } from './source.js';
import { derivedUid } from './uid.js';

/** What differs between the objects of a result. */
export interface ObjectKind {
  sopClass: string;
  modality: 'SR' | 'OT' | 'PR';
  /** Far from those of modalities. */
  seriesNumber: number;
  seriesDescription: string;
}

export const manufacturer = 'cxr-align';

/**
 * What every object of a result has: patient and study as in the image, a series of its own, equipment, and its UIDs, which the
 * same result of the same image always has.
 */
export function commonElements(result: Result, kind: ObjectKind): Element[] {
  const { source, model, date } = result;
  const { study, instance } = sourceUids(source);
  const { labels, found } = result;
  const [day, time] = dateAndTime(date);
  return [
    ...keptElements(source),
    element('00080016', 'UI', kind.sopClass),
    element('00080018', 'UI', derivedUid(kind.sopClass, instance, model.hash, JSON.stringify({ labels, found }))),
    element('0020000e', 'UI', derivedUid('series', kind.sopClass, study, model.hash)),
    element('00080060', 'CS', kind.modality),
    element('00200011', 'IS', kind.seriesNumber),
    element('0008103e', 'LO', kind.seriesDescription),
    element('00200013', 'IS', 1),
    element('00080012', 'DA', day),
    element('00080013', 'TM', time),
    element('00080021', 'DA', day),
    element('00080031', 'TM', time),
    element('00080070', 'LO', manufacturer),
    element('00081090', 'LO', modelName(result)),
    element('00181000', 'LO', model.hash.slice(0, 64)),
    element('00181020', 'LO', ascii(model.version).slice(0, 64)),
    contributingEquipment(result),
    privateSchemeIdentification(),
  ];
}

/** The name of a model as a Manufacturer's Model Name. */
export function modelName({ model }: Pick<Result, 'model'>): string {
  return ascii(model.name).replaceAll('\\', '/').slice(-64);
}

/** The model by which the result was made. @see DICOM PS3.3 C.12.1 (Contributing Equipment Sequence). */
function contributingEquipment(result: Result): Element {
  const { model, date } = result;
  return sequence('0018a001', [
    sequence('0040a170', codeItem({ value: '109102', scheme: 'DCM', meaning: 'Processing Equipment' })),
    element('00080070', 'LO', manufacturer),
    element('00081090', 'LO', modelName(result)),
    element('00181000', 'LO', model.hash.slice(0, 64)),
    element('00181020', 'LO', ascii(model.version).slice(0, 64)),
    element('0018a002', 'DT', dateAndTime(date).join('')),
    element(
      '0018a003',
      'ST',
      'Computed by a classifier of chest radiographs. Not reviewed by a physician. Not for diagnosis.',
    ),
  ]);
}

/** Refers to an image as an item. */
export function imageReference({ sopClass, instance }: { sopClass: string; instance: string }): Item {
  return [element('00081150', 'UI', sopClass), element('00081155', 'UI', instance)];
}

/** The study, series and image that an object refers to. */
export function evidence({ source }: Pick<Result, 'source'>): Item {
  const uids = sourceUids(source);
  return [
    element('0020000d', 'UI', uids.study),
    sequence('00081115', [sequence('00081199', imageReference(uids)), element('0020000e', 'UI', uids.series)]),
  ];
}

/** A date as a DA and a TM, in local time. */
export function dateAndTime(date: Date): [string, string] {
  const two = (value: number): string => String(value).padStart(2, '0');
  return [
    `${date.getFullYear()}${two(date.getMonth() + 1)}${two(date.getDate())}`,
    `${two(date.getHours())}${two(date.getMinutes())}${two(date.getSeconds())}`,
  ];
}

/** The probability as a measure of its own, where no published code says it. */
export const thresholdCode = own('THRESHOLD', 'Threshold of the probability');
