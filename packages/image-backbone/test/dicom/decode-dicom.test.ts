import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InputError } from '@cxr-align/files';
import { itWithPrograms, itWithShared, sharedFolder } from '@cxr-align/testkit';
import sharp from 'sharp';
import { decodeDicom, decodeImage, imageSize } from '../../src/index.js';
import { parseDicom } from '../../src/dicom/parse-dicom.js';
import { storedValues } from '../../src/dicom/stored-values.js';
import {
  greyDicomElements as greyImage,
  writeDicom,
  type DicomElements as Elements,
  type WriteDicomOptions as WriteOptions,
} from '@cxr-align/testkit';

const shown = async (elements: Elements, options?: WriteOptions): Promise<number[]> => [
  ...(await decodeDicom(writeDicom(elements, options), 'x.dcm')).data,
];

describe('decodeDicom(bytes)', () => {
  const window: Elements = { '00281050': ['DS', '2048'], '00281051': ['DS', '4096'] };
  it('shows values through their window by the formula of the standard', async () => {
    // ((x − (c − 0.5)) / (w − 1) + 0.5) · 255, worked by hand
    expect(await shown(greyImage([0, 1024, 2047, 4095], window))).toEqual([0, 64, 127, 255]);
    const narrow = { '00281050': ['DS', '100\\900'], '00281051': ['DS', '51\\9'] } as const;
    expect(await shown(greyImage([74, 75, 100, 125], narrow))).toEqual([0, 3, 130, 255]);
  });
  it('knows the other two window functions', async () => {
    const exact: Elements = { '00281050': ['DS', '100'], '00281051': ['DS', '50'], '00281056': ['CS', 'LINEAR_EXACT'] };
    expect(await shown(greyImage([75, 100, 125], exact))).toEqual([0, 128, 255]);
    expect(await shown(greyImage([75, 100, 125], { ...exact, '00281056': ['CS', 'SIGMOID'] }))).toEqual([30, 128, 225]);
  });
  it('rescales before the window, and reads signed values', async () => {
    const rescaled: Elements = {
      '00280103': ['US', 1],
      '00281052': ['DS', '-1000'],
      '00281053': ['DS', '2'],
      '00281050': ['DS', '-999.5'],
      '00281051': ['DS', '201'],
    };
    // −50 · 2 − 1000 = −1100 is the lower end, 0 the middle, 50 the upper end.
    expect(await shown(greyImage([-50, 0, 50], rescaled))).toEqual([0, 128, 255]);
  });
  it('takes the smallest and largest value where no window is told, without padding', async () => {
    expect(await shown(greyImage([100, 200, 300]))).toEqual([0, 128, 255]);
    expect(await shown(greyImage([0, 100, 200, 300], { '00280120': ['US', 0] }))).toEqual([0, 0, 128, 255]);
    expect(await shown(greyImage([7, 7, 7]))).toEqual([0, 0, 0]);
  });
  it('inverts MONOCHROME1', async () => {
    expect(await shown(greyImage([0, 1024, 4095], { ...window, '00280004': ['CS', 'MONOCHROME1'] }))).toEqual([
      255, 191, 0,
    ]);
  });
  it('goes by a VOI table and a modality table', async () => {
    const table = (first: number, entries: number[]): { items: Elements[] } => ({
      items: [{ '00283002': ['US', [entries.length, first, 8]], '00283006': ['US', entries] }],
    });
    const voi: Elements = { ...window, '00283010': ['SQ', table(10, [0, 100, 255])] };
    expect(await shown(greyImage([0, 10, 11, 12, 99], voi))).toEqual([0, 0, 100, 255, 255]);
    const both: Elements = { ...voi, '00283000': ['SQ', table(0, [12, 11, 10])] };
    expect(await shown(greyImage([0, 1, 2], both))).toEqual([255, 100, 0]);
  });
  it('shows 8-bit values as they are, whether their number is even or odd', async () => {
    const bytes: Elements = {
      '00280011': ['US', 3],
      '00280100': ['US', 8],
      '00280101': ['US', 8],
      '00280102': ['US', 7],
      '7fe00010': ['OB', Uint8Array.of(0, 130, 255, 0)],
    };
    expect(await shown(greyImage([0, 0, 0], bytes))).toEqual([0, 130, 255]);
  });
  it('leaves out what lies beside the stored bits', async () => {
    expect(await shown(greyImage([0xf000, 0xf400, 0xffff], window))).toEqual([0, 64, 255]);
    const shifted: Elements = { ...window, '00280102': ['US', 15] };
    expect(await shown(greyImage([0x000f, 0x4000, 0xfff0], shifted))).toEqual([0, 64, 255]);
  });
  it('makes luma of colour', async () => {
    const colour = (photometric: string, planar: number, bytes: number[]): Elements => ({
      ...greyImage([0, 0]),
      '00280002': ['US', 3],
      '00280004': ['CS', photometric],
      '00280006': ['US', planar],
      '00280100': ['US', 8],
      '00280101': ['US', 8],
      '00280102': ['US', 7],
      '7fe00010': ['OB', Uint8Array.from(bytes)],
    });
    expect(await shown(colour('RGB', 0, [255, 0, 0, 10, 10, 10]))).toEqual([76, 10]);
    expect(await shown(colour('RGB', 1, [255, 10, 0, 10, 0, 10]))).toEqual([76, 10]);
    expect(await shown(colour('YBR_FULL', 0, [76, 85, 255, 10, 128, 128]))).toEqual([76, 10]);
  });
  it('reads big endian and deflated files', async () => {
    const values = greyImage([0, 1024, 4095], window);
    expect(await shown(values, { syntax: '1.2.840.10008.1.2.2', bigEndian: true })).toEqual([0, 64, 255]);
    expect(await shown(values, { syntax: '1.2.840.10008.1.2.1.99', deflated: true })).toEqual([0, 64, 255]);
  });
  it.each<[string, Elements, WriteOptions | undefined, string]>([
    [
      'a transfer syntax that is not read',
      greyImage([1]),
      { syntax: '1.2.840.10008.1.2.4.201' },
      'got High-Throughput JPEG 2000 Lossless; convert it',
    ],
    [
      'a number of values that is not that of the header',
      greyImage([1, 2], { '00280011': ['US', 9] }),
      undefined,
      'expected 18 bytes for 9 × 1 pixels of 16 bits, got 4',
    ],
    ['several frames', greyImage([1], { '00280008': ['IS', '30'] }), undefined, 'expected one frame, got 30'],
    [
      'a palette that is not there',
      greyImage([1], { '00280004': ['CS', 'PALETTE COLOR'] }),
      undefined,
      'expected a red palette, got none',
    ],
    [
      'a segmented palette',
      greyImage([1], { '00280004': ['CS', 'PALETTE COLOR'], '00281221': ['OW', Uint8Array.of(0, 0)] }),
      undefined,
      'got a segmented one',
    ],
    ['no photometric interpretation', greyImage([1], { '00280004': ['CS', ''] }), undefined, 'got none, so that black'],
    ['partial-range luma', greyImage([1], { '00280004': ['CS', 'YBR_PARTIAL_422'] }), undefined, 'got YBR_PARTIAL_422'],
    ['no frame', greyImage([1], { '00280008': ['IS', '0'] }), undefined, 'expected one frame, got 0'],
    ['a slope of 0', greyImage([1], { '00281053': ['DS', '0'] }), undefined, 'expected a Rescale Slope other than 0'],
    ['a slope that is text', greyImage([1], { '00281053': ['DS', 'one'] }), undefined, 'expected numbers as Rescale'],
    ['an impossible high bit', greyImage([1], { '00280102': ['US', 0] }), undefined, 'got 12 with the high bit 0'],
    [
      'floating-point pixels',
      { ...greyImage([1]), '7fe00008': ['OF', new Uint8Array(4)] },
      undefined,
      'got floating-point pixels',
    ],
    ['32 bits', greyImage([1], { '00280100': ['US', 32] }), undefined, 'expected 8 or 16 bits a value, got 32'],
    ['bits that do not fit', greyImage([1], { '00280101': ['US', 17] }), undefined, 'expected stored bits within 16'],
    ['a picture of no size', greyImage([1], { '00280010': ['US', 0] }), undefined, 'got 1 × 0'],
    [
      'one that claims to be huge',
      greyImage([1], { '00280010': ['US', 65535], '00280011': ['US', 65535] }),
      undefined,
      'expected 1 to 100 million pixels',
    ],
    ['a report', { '00080060': ['CS', 'SR'] }, undefined, 'is it an image? Its Modality is SR'],
    [
      'native pixels where encapsulated ones are declared',
      greyImage([1]),
      { syntax: '1.2.840.10008.1.2.4.90' },
      'expected encapsulated pixel data of JPEG 2000 Lossless, got native ones',
    ],
  ])('refuses %s', async (_, elements, options, message) => {
    const bytes = writeDicom(elements, options);
    await expect(decodeDicom(bytes, 'x.dcm')).rejects.toThrow(InputError);
    await expect(decodeDicom(bytes, 'x.dcm')).rejects.toThrow(message);
  });
  it('refuses every cut of a file, and says nothing of the patient', async () => {
    const bytes = writeDicom({ ...greyImage([1, 2, 3], window), '00100010': ['PN', 'SECRET^NAME'] });
    for (let length = 133; length < bytes.length; length++) {
      const error = await decodeDicom(bytes.subarray(0, length), 'x.dcm').then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      expect(error).toBeInstanceOf(InputError);
      expect((error as Error).message).not.toContain('SECRET');
    }
  });
});

/** Programs of Debian's dcmtk and libgdcm-tools, and the transfer syntax that each writes. */
const writers: [syntax: string, program: string, flags: string[]][] = [
  ['Implicit VR Little Endian', 'dcmconv', ['+ti']],
  ['Explicit VR Big Endian', 'dcmconv', ['+tb']],
  ['Deflated Explicit VR Little Endian', 'dcmconv', ['+td']],
  ['RLE Lossless', 'dcmcrle', []],
  ['JPEG Lossless', 'dcmcjpeg', ['+el']],
  ['JPEG Lossless, first-order prediction', 'dcmcjpeg', ['+e1']],
  ['JPEG-LS Lossless', 'dcmcjpls', ['+el']],
  ['JPEG 2000 Lossless', 'gdcmconv', ['--j2k']],
];

describe('storedValues(parsed) on real files', () => {
  const values = async (file: string): Promise<{ syntax: string; stored: number[] }> => {
    const parsed = parseDicom(new Uint8Array(readFileSync(file)), file);
    return { syntax: parsed.header.syntax, stored: [...(await storedValues(parsed, file))] };
  };
  const write = (program: string, flags: readonly string[], from: string): string => {
    const to = join(mkdtempSync(join(tmpdir(), 'dicom-')), 'x.dcm');
    const { status, stderr } = spawnSync(program, [...flags, from, to], { encoding: 'utf8' });
    if (status !== 0) throw new Error(`${program}: ${stderr}`);
    return to;
  };
  itWithShared(`data/samples/expected.json`, 'are those of the reference', async (file) => {
    type Facts = {
      width: number;
      height: number;
      grayMean: number;
      grayMin: number;
      grayMax: number;
      probes: number[][];
    };
    const { files } = JSON.parse(readFileSync(file, 'utf8')) as { files: Record<string, Facts> };
    const dicoms = Object.entries(files).filter(([name]) => name.endsWith('.dcm'));
    expect(dicoms.length).toBeGreaterThan(2);
    for (const [name, { width, height, grayMean, grayMin, grayMax, probes }] of dicoms) {
      const path = `${sharedFolder}/data/samples/${name}`;
      const { stored } = await values(path);
      const isExact = !name.includes('jpeg');
      expect(await imageSize(path)).toEqual({ width, height });
      expect(stored).toHaveLength(width * height);
      expect(Math.abs(stored.reduce((sum, value) => sum + value, 0) / stored.length - grayMean)).toBeLessThan(
        isExact ? 1e-3 : 1,
      );
      for (const [row, column, value] of probes)
        expect(Math.abs(stored[row * width + column] - value)).toBeLessThanOrEqual(isExact ? 0 : 4);
      if (isExact) expect([Math.min(...stored), Math.max(...stored)]).toEqual([grayMin, grayMax]);
    }
  });
  itWithShared('data/samples/rsna-monochrome1-jpeg.dcm', 'are inverted for display in MONOCHROME1', async (one) => {
    const two = one.replace('monochrome1', 'monochrome2');
    const [dark, bright] = await Promise.all(
      [one, two].map(async (path) => (await decodeDicom(new Uint8Array(readFileSync(path)))).data),
    );
    expect(dark.every((value, i) => value === 255 - bright[i])).toBe(true);
    const small = await decodeImage(two, { size: 64, fit: 'stretch' });
    const direct = await sharp(bright, { raw: { width: 1024, height: 1024, channels: 1 } })
      .resize(64, 64, { fit: 'fill' })
      .toColourspace('b-w')
      .raw()
      .toBuffer();
    expect([...small]).toEqual([...direct]);
  });
  /** A file of 64 × 64 values with what the programs ask of an image. */
  const original = (stored: readonly number[], more: Elements = {}): string => {
    const file = join(mkdtempSync(join(tmpdir(), 'dicom-')), 'original.dcm');
    const uids: Elements = {
      '00080016': ['UI', '1.2.840.10008.5.1.4.1.1.1'],
      '00080018': ['UI', '1.2.826.0.1.3680043.8.498.1'],
      '0020000d': ['UI', '1.2.826.0.1.3680043.8.498.2'],
      '0020000e': ['UI', '1.2.826.0.1.3680043.8.498.3'],
    };
    const elements = greyImage(stored, { '00280010': ['US', 64], '00280011': ['US', 64] });
    writeFileSync(file, writeDicom({ ...elements, ...uids, ...more }));
    return file;
  };
  const smooth = Array.from({ length: 4096 }, (_, i) => Math.round(2048 + 2000 * Math.sin(i / 300) * Math.cos(i % 64)));
  for (const [syntax, program, flags] of writers) {
    itWithPrograms([program], `are the same in ${syntax}, written by ${program}`, async () => {
      expect(await values(write(program, flags, original(smooth)))).toEqual({ syntax, stored: smooth });
    });
  }
  itWithPrograms(['dcmcjpls', 'gdcmconv'], 'are the same when signed, and near in lossy syntaxes', async () => {
    const signed = Array.from({ length: 4096 }, (_, i) => ((i * 37) % 4096) - 2048);
    const file = original(signed, { '00280103': ['US', 1] });
    for (const [program, flags] of [
      ['dcmcjpls', ['+el']],
      ['gdcmconv', ['--j2k']],
      ['gdcmconv', ['--rle']],
    ] as const)
      expect((await values(write(program, flags, file))).stored).toEqual(signed);
    const near = (await values(write('dcmcjpls', ['+en', '+md', '3'], original(smooth)))).stored;
    expect(near.every((value, i) => Math.abs(value - smooth[i]) <= 3)).toBe(true);
    expect(near).not.toEqual(smooth);
  });
});
