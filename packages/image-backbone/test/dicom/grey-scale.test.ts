import { readFileSync } from 'node:fs';
import { itWithShared } from '@cxr-align/testkit';
import { decodeDicom } from '../../src/index.js';
import { displayValues } from '../../src/dicom/grey-scale.js';
import { parseDicom } from '../../src/dicom/parse-dicom.js';
import { storedValues } from '../../src/dicom/stored-values.js';
import { greyDicomElements as greyImage, writeDicom, type DicomElements as Elements } from '@cxr-align/testkit';

interface Table {
  lut?: { first: number; bits: number; entries: number };
}
interface GridCase {
  name: string;
  photometric: string;
  bitsAllocated: number;
  bitsStored: number;
  signed: boolean;
  modality: Table & { slope?: number; intercept?: number };
  voi: Table & { window?: { center: number; width: number; kind?: string } };
  stored: number[];
  shown: number[];
}
const grid = JSON.parse(readFileSync(new URL('../fixtures/dicom-grey-scale.json', import.meta.url), 'utf8')) as {
  tables: number[][];
  cases: GridCase[];
};

const unsigned = (value: number): number => value & 0xffff;
const sequence = ({ first, bits, entries }: NonNullable<Table['lut']>): Elements[string] => {
  const table = grid.tables[entries];
  const descriptor = [unsigned(table.length), unsigned(first), bits];
  return ['SQ', { items: [{ '00283002': ['US', descriptor], '00283006': ['US', table] }] }];
};
const fileOf = ({ modality, voi, stored, ...image }: GridCase): Uint8Array => {
  const isByte = image.bitsAllocated === 8;
  const text = (value: number): Elements[string] => ['DS', String(value)];
  return writeDicom({
    ...greyImage(stored.map(unsigned)),
    '00280004': ['CS', image.photometric],
    '00280100': ['US', image.bitsAllocated],
    '00280101': ['US', image.bitsStored],
    '00280102': ['US', image.bitsStored - 1],
    '00280103': ['US', image.signed ? 1 : 0],
    ...(modality.slope !== undefined && {
      '00281052': text(modality.intercept!),
      '00281053': text(modality.slope),
    }),
    ...(modality.lut && { '00283000': sequence(modality.lut) }),
    ...(voi.window && {
      '00281050': text(voi.window.center),
      '00281051': text(voi.window.width),
      '00281056': ['CS', voi.window.kind ?? 'LINEAR'],
    }),
    ...(voi.lut && { '00283010': sequence(voi.lut) }),
    ...(isByte && { '7fe00010': ['OB', Uint8Array.from([...stored, ...(stored.length % 2 ? [0] : [])])] }),
  });
};

describe('displayValues(stored, header)', () => {
  it('equals pydicom on a grid of photometric × bits × sign × modality × VOI', async () => {
    expect(grid.cases.length).toBeGreaterThan(500);
    const different: string[] = [];
    for (const one of grid.cases) {
      const { data } = await decodeDicom(fileOf(one), 'x.dcm');
      // Half a grey value for rounding, and a hundredth for that of the file.
      const isEqual = one.shown.every((value, i) => Math.abs(data[i] - value) <= 0.51);
      if (!isEqual)
        different.push(
          `${one.name}, ${one.photometric}, ${one.bitsStored} bits, signed ${one.signed}: ${[...data]}, not ${one.shown}`,
        );
    }
    expect(different).toEqual([]);
  });
  it('scales by the bits that the largest entry needs where the VOI LUT says others', async () => {
    const voi = (bits: number, entries: number[]): Elements => ({
      '00283010': ['SQ', { items: [{ '00283002': ['US', [3, 0, bits]], '00283006': ['US', entries] }] }],
    });
    const greys = async (bits: number, entries: number[]): Promise<number[]> => [
      ...(await decodeDicom(writeDicom(greyImage([0, 1, 2], voi(bits, entries))))).data,
    ];
    expect(await greys(16, [0, 1000, 4095])).toEqual(await greys(12, [0, 1000, 4095]));
    expect(await greys(8, [0, 1000, 4095])).toEqual([0, 62, 255]);
  });
  it('refuses a VOI LUT that is shorter than it says', async () => {
    const short: Elements = {
      '00283010': ['SQ', { items: [{ '00283002': ['US', [300, 0, 12]], '00283006': ['US', [1, 2]] }] }],
    };
    await expect(decodeDicom(writeDicom(greyImage([0], short)), 'x.dcm')).rejects.toThrow(
      'x.dcm: expected 300 entries of the VOI LUT, got 4 bytes; export the file again',
    );
  });
  it('takes the range after the modality step, also of a table that rises and falls', async () => {
    const bent: Elements = {
      '00283000': ['SQ', { items: [{ '00283002': ['US', [5, 0, 16]], '00283006': ['US', [50, 10, 0, 100, 20]] }] }],
    };
    expect([...(await decodeDicom(writeDicom(greyImage([0, 1, 2, 3, 4], bent)))).data]).toEqual([128, 26, 0, 255, 51]);
  });
  it('finds the rescale and window of an enhanced object in its functional groups', async () => {
    const groups: Elements = {
      '52009229': [
        'SQ',
        {
          items: [
            {
              '00289132': ['SQ', { items: [{ '00281050': ['DS', '500'], '00281051': ['DS', '1001'] }] }],
              '00289145': ['SQ', { items: [{ '00281052': ['DS', '0'], '00281053': ['DS', '10'] }] }],
            },
          ],
        },
      ],
    };
    expect([...(await decodeDicom(writeDicom(greyImage([0, 50, 100], groups)))).data]).toEqual([0, 128, 255]);
  });
  itWithShared(
    'cases/02-voi-lut-narrow',
    'shows a table that says 16 bits and holds 12 as one that says 12',
    async (folder) => {
      const [right, wrong] = await Promise.all(['right12', 'wrong16'].map((name) => shownOf(`${folder}/${name}.dcm`)));
      expect(Math.max(...right)).toBeGreaterThan(200);
      expect(wrong).toEqual(right);
    },
  );
  itWithShared(
    'cases/03-voi-lut-first-signed',
    'reads the first mapped value by the rescaled range',
    async (folder) => {
      const [right, unsignedFirst] = await Promise.all(
        ['control', 'unsigned'].map((name) => shownOf(`${folder}/${name}.dcm`)),
      );
      expect(new Set(right).size).toBeGreaterThan(20);
      expect(unsignedFirst).toEqual(right);
    },
  );
  itWithShared('cases/04-negative-slope', 'shows the smallest value after a negative slope black', async (folder) => {
    const [plain, window, table] = await Promise.all(
      ['mono2', 'mono2-windowed', 'lut-falling'].map((name) => shownOf(`${folder}/${name}.dcm`)),
    );
    for (const greys of [plain, table]) expect([greys[0], Math.min(...greys)]).toEqual([255, 0]);
    plain.forEach((grey, i) => expect(Math.abs(grey - window[i])).toBeLessThanOrEqual(1));
  });
});

async function shownOf(file: string): Promise<number[]> {
  const parsed = parseDicom(new Uint8Array(readFileSync(file)), file);
  return [...displayValues(await storedValues(parsed, file), parsed.header)];
}
