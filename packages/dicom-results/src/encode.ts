import type { Element, Item, ValueRepresentation } from './element.js';

/** What has four bytes for its length, after two that are reserved. @see DICOM PS3.5 7.1.2. */
const longLength = new Set<ValueRepresentation>(['OB', 'SQ', 'UC', 'UT']);
const explicitLittleEndian = '1.2.840.10008.1.2.1';
/** Of this implementation, derived from a UUID. @see DICOM PS3.5 B.2. */
const implementation = '2.25.301944105583204812940276165738461287931';
const binary: Partial<Record<ValueRepresentation, { bytes: number; write: (view: DataView, value: number) => void }>> =
  {
    FL: { bytes: 4, write: (view, value) => view.setFloat32(0, value, true) },
    SL: { bytes: 4, write: (view, value) => view.setInt32(0, value, true) },
    UL: { bytes: 4, write: (view, value) => view.setUint32(0, value, true) },
    US: { bytes: 2, write: (view, value) => view.setUint16(0, value, true) },
  };

/**
 * A DICOM file of a data set, in Explicit VR Little Endian.
 *
 * Texts are written a byte a character: what comes from another file keeps its bytes, and so its character set.
 *
 * @see DICOM PS3.10 7.1 (preamble and meta header), PS3.5 7.1 (elements), 7.5 (sequences).
 */
export function encodeDicom(data: Item): Uint8Array {
  const uid = (tag: string): string => String((data.find((one) => one.tag === tag)!.value as readonly string[])[0]);
  const meta = encodeItem([
    { tag: '00020001', vr: 'OB', value: Uint8Array.of(0, 1) },
    { tag: '00020002', vr: 'UI', value: [uid('00080016')] },
    { tag: '00020003', vr: 'UI', value: [uid('00080018')] },
    { tag: '00020010', vr: 'UI', value: [explicitLittleEndian] },
    { tag: '00020012', vr: 'UI', value: [implementation] },
    { tag: '00020013', vr: 'SH', value: ['CXR_ALIGN'] },
  ]);
  const preamble = new Uint8Array(132);
  preamble.set(latin1('DICM'), 128);
  return joined([preamble, encodeElement({ tag: '00020000', vr: 'UL', value: [meta.length] }), meta, encodeItem(data)]);
}

function encodeItem(item: Item): Uint8Array {
  const sorted = [...item].sort((a, b) => (a.tag < b.tag ? -1 : 1));
  const twice = sorted.find(({ tag }, i) => tag === sorted[i + 1]?.tag);
  if (twice) throw new Error(`dicom-results: the element ${twice.tag} is in the data set twice`);
  return joined(sorted.map(encodeElement));
}

function encodeElement({ tag, vr, value }: Element): Uint8Array {
  const bytes = vr === 'SQ' ? joined((value as readonly Item[]).map(itemBytes)) : valueBytes(vr, value);
  const padding = bytes.length % 2;
  const head = new Uint8Array(longLength.has(vr) ? 12 : 8);
  head.set(tagBytes(tag));
  head.set(latin1(vr), 4);
  const view = new DataView(head.buffer);
  if (longLength.has(vr)) view.setUint32(8, bytes.length + padding, true);
  else if (bytes.length + padding > 0xffff) throw new RangeError(`dicom-results: ${tag} has ${bytes.length} bytes`);
  else view.setUint16(6, bytes.length + padding, true);
  return joined([head, bytes, new Uint8Array(padding).fill(vr === 'UI' || vr === 'OB' ? 0 : 0x20)]);
}

function itemBytes(item: Item): Uint8Array {
  const content = encodeItem(item);
  const head = new Uint8Array(8);
  head.set(tagBytes('fffee000'));
  new DataView(head.buffer).setUint32(4, content.length, true);
  return joined([head, content]);
}

function valueBytes(vr: ValueRepresentation, value: Element['value']): Uint8Array {
  if (value instanceof Uint8Array) return value;
  const values = value as readonly (string | number)[];
  const kind = binary[vr];
  if (!kind) return latin1(values.join('\\'));
  const bytes = new Uint8Array(values.length * kind.bytes);
  for (const [i, one] of values.entries()) kind.write(new DataView(bytes.buffer, i * kind.bytes), Number(one));
  return bytes;
}

function tagBytes(tag: string): Uint8Array {
  const [a, b, c, d] = [0, 2, 4, 6].map((at) => parseInt(tag.slice(at, at + 2), 16));
  return Uint8Array.of(b, a, d, c);
}

function latin1(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => {
    const code = character.charCodeAt(0);
    if (code > 255) throw new RangeError(`dicom-results: ${JSON.stringify(character)} is not a byte`);
    return code;
  });
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((total, { length }) => total + length, 0));
  parts.reduce((at, part) => (all.set(part, at), at + part.length), 0);
  return all;
}
