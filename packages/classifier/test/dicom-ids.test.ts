import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dicomIds } from '../src/images/dicom-ids.js';

const place = mkdtempSync(join(tmpdir(), 'record-'));

/** An element of a UID in explicit VR little endian: group, element, UI, length, value. */
function uid(group: number, element: number, value: string): Buffer {
  const text = value.length % 2 ? `${value}\0` : value;
  const head = Buffer.alloc(8);
  head.writeUInt16LE(group, 0);
  head.writeUInt16LE(element, 2);
  head.write('UI', 4);
  head.writeUInt16LE(text.length, 6);
  return Buffer.concat([head, Buffer.from(text)]);
}

function dicomFile(name: string, elements: readonly Buffer[]): string {
  const file = join(place, name);
  writeFileSync(file, Buffer.concat([Buffer.alloc(128), Buffer.from('DICM'), ...elements]));
  return file;
}

describe('dicomIds(file)', () => {
  const explicitLittleEndian = uid(2, 0x10, '1.2.840.10008.1.2.1');
  it('has the Study and the SOP Instance UID of a DICOM file', () => {
    const elements = [explicitLittleEndian, uid(8, 0x18, '1.2.3.4'), uid(0x20, 0xd, '1.2.3')];
    expect(dicomIds(dicomFile('both', elements))).toEqual({ instance: '1.2.3.4', study: '1.2.3' });
    expect(dicomIds(dicomFile('one', elements.slice(0, 2)))).toEqual({ instance: '1.2.3.4' });
  });
  it('has nothing of other files, of broken ones and of none', () => {
    const file = join(place, 'x.png');
    writeFileSync(file, 'no DICOM');
    expect(dicomIds(file)).toEqual({});
    expect(dicomIds(dicomFile('broken', [Buffer.from('nonsense')]))).toEqual({});
    expect(dicomIds(join(place, 'nowhere.dcm'))).toEqual({});
  });
});
