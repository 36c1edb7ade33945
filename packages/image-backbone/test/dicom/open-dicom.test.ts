import { decodeDicom, dicomFacts, pixelFacts } from '../../src/index.js';
import { isDicom } from '../../src/dicom/open-dicom.js';
import { parseDicom } from '../../src/dicom/parse-dicom.js';
import {
  greyDicomElements as greyImage,
  writeDicom,
  type DicomElements as Elements,
  type WriteDicomOptions as WriteOptions,
} from '@cxr-align/testkit';

const [implicitLittle, explicitLittle, explicitBig] = [
  '1.2.840.10008.1.2',
  '1.2.840.10008.1.2.1',
  '1.2.840.10008.1.2.2',
];
const elements: Elements = { ...greyImage([0, 1000, 2000]), '00080060': ['CS', 'DX'] };
const read = async (options: WriteOptions): Promise<{ greys: number[]; remarks: readonly string[] }> => {
  const bytes = writeDicom(elements, options);
  return { greys: [...(await decodeDicom(bytes, 'x.dcm')).data], remarks: parseDicom(bytes, 'x.dcm').remarks };
};

describe('openDicom(bytes)', () => {
  it.each<[string, WriteOptions]>([
    ['implicit little endian', { syntax: implicitLittle, implicit: true }],
    ['explicit big endian', { syntax: explicitBig, bigEndian: true }],
    ['a transfer syntax with a space after it', { syntax: `${explicitLittle} ` }],
  ])('reads %s without a remark', async (_, options) => {
    expect(await read(options)).toEqual({ greys: [0, 128, 255], remarks: [] });
  });
  it.each<[string, WriteOptions]>([
    ['implicit, declared explicit', { syntax: explicitLittle, implicit: true }],
    ['explicit, declared implicit', { syntax: implicitLittle }],
    ['big endian, declared little', { syntax: explicitLittle, bigEndian: true }],
    ['little endian, declared big', { syntax: explicitBig }],
  ])('reads a data set that is %s, with a remark', async (_, options) => {
    const { greys, remarks } = await read(options);
    expect(greys).toEqual([0, 128, 255]);
    expect(remarks).toEqual([expect.stringMatching(/^the meta header says .* and was read so$/)]);
  });
  it.each<[string, WriteOptions]>([
    ['no meta header', { start: 'mark' }],
    ['no meta header and implicit elements', { start: 'mark', implicit: true }],
    ['nothing before its elements', { start: 'none', implicit: true }],
    ['nothing before its explicit elements', { start: 'none' }],
    ['nothing before its big endian elements', { start: 'none', bigEndian: true }],
  ])('reads a file that has %s, with a remark', async (_, options) => {
    const { greys, remarks } = await read(options);
    expect(greys).toEqual([0, 128, 255]);
    expect(remarks.at(-1)).toMatch(/^the meta header is missing; read as /);
  });
  it('reads a file whose mark is missing', async () => {
    const whole = Uint8Array.from(writeDicom(elements));
    const zeros = whole.slice();
    zeros.fill(0, 128, 132);
    const bare = Buffer.concat([Buffer.alloc(128), writeDicom(elements, { start: 'none' })]);
    for (const bytes of [whole.subarray(132), bare]) {
      expect(isDicom(bytes)).toBe(true);
      expect([...(await decodeDicom(bytes, 'x.dcm')).data]).toEqual([0, 128, 255]);
      expect(parseDicom(bytes, 'x.dcm').remarks[0]).toContain('preamble');
    }
    expect(isDicom(zeros)).toBe(false);
  });
  it('takes no other file for DICOM', () => {
    for (const start of [
      '\x89PNG\r\n\x1a\n\0\0\0\r',
      'II*\0\x08\0\0\0\x0b\0',
      'RIFF0000WEBP',
      'GIF89a0000',
      '{"a": 1, "b": 2}',
      '',
    ])
      expect(isDicom(Buffer.concat([Buffer.from(start, 'latin1'), Buffer.alloc(200)]))).toBe(false);
  });
  it('reads pixels without the bytes after them, with a remark', async () => {
    for (const spare of [2, 64, 19044]) {
      const more: Elements = {
        '7fe00010': ['OW', Buffer.concat([Uint8Array.of(0, 0, 232, 3, 208, 7), Buffer.alloc(spare, 9)])],
      };
      const bytes = writeDicom({ ...elements, ...more });
      expect([...(await decodeDicom(bytes)).data]).toEqual([0, 128, 255]);
      expect((await pixelFacts(bytes)).remarks).toEqual([`${spare} bytes after the pixels were left out`]);
    }
  });
  it('reads bytes in big-endian words', async () => {
    const bytes: Elements = {
      ...elements,
      '00280011': ['US', 4],
      '00280100': ['US', 8],
      '00280101': ['US', 8],
      '00280102': ['US', 7],
      '7fe00010': ['OW', Uint8Array.of(2, 1, 4, 3)],
    };
    expect([...(await decodeDicom(writeDicom(bytes, { syntax: explicitBig, bigEndian: true }))).data]).toEqual([
      1, 2, 3, 4,
    ]);
  });
});

describe('dicomFacts(bytes)', () => {
  it('reads the patient, the study and the view, without the pixels', () => {
    const facts: Elements = {
      ...greyImage([1, 2, 3]),
      '00080018': ['UI', '1.2.3.4'],
      '0020000d': ['UI', '1.2.3'],
      '00100020': ['LO', 'P-7 '],
      '00100040': ['CS', 'F'],
      '00101010': ['AS', '018M'],
      '00185101': ['CS', 'PA'],
      '00180015': ['CS', 'CHEST'],
      '00080060': ['CS', 'DX'],
    };
    expect(dicomFacts(writeDicom(facts))).toMatchObject({
      instance: '1.2.3.4',
      study: '1.2.3',
      series: undefined,
      patientId: 'P-7',
      sex: 'F',
      ageYears: 1.5,
      view: 'PA',
      bodyPart: 'CHEST',
      modality: 'DX',
      rows: 1,
      columns: 3,
      bitsStored: 12,
      photometric: 'MONOCHROME2',
      syntax: 'Explicit VR Little Endian',
      remarks: [],
    });
    expect(dicomFacts(writeDicom(facts, { syntax: implicitLittle, implicit: true }))).toMatchObject({
      patientId: 'P-7',
    });
    expect(() => dicomFacts(new Uint8Array(200), 'x.dcm')).toThrow('x.dcm: expected a sound DICOM file');
  });
});
