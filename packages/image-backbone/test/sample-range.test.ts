import { crc32 } from 'node:zlib';
import { InputError } from '@cxr-align/files';
import { itWithShared } from '@cxr-align/testkit';
import sharp from 'sharp';
import { decodeImage, pixelFacts, type Preprocessing } from '../src/index.js';
import { writeTiff, type TiffImage } from './write-tiff.js';

const width = 16;
const whole = { size: width, fit: 'stretch' } as const;
/** 0, 1/255, … 1 over 16 × 16 pixels. */
const ramp = Array.from({ length: 256 }, (_, i) => i / 255);
const scaled = (most: number, least = 0): number[] => ramp.map((share) => Math.round(least + share * (most - least)));
const png16 = (values: readonly number[], sbit?: number): Promise<Uint8Array> =>
  sharp(Uint16Array.from(values), { raw: { width, height: width, channels: 1 } })
    .toColourspace('grey16')
    .png()
    .toBuffer()
    .then((file) => (sbit === undefined ? file : withChunk(file, 'sBIT', [sbit])));

/** The file with a chunk after its header; its checksum is one that sharp and the reader here compute alike. */
function withChunk(file: Uint8Array, kind: string, content: number[]): Uint8Array {
  const named = Buffer.concat([Buffer.from(kind), Buffer.from(content)]);
  const head = Buffer.alloc(4);
  head.writeUInt32BE(content.length);
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(crc32(named));
  return Buffer.concat([file.subarray(0, 33), head, named, sum, file.subarray(33)]);
}

const decode = async (file: Uint8Array, more: Partial<Preprocessing> = {}): Promise<number[]> => [
  ...(await decodeImage(file, { ...whole, ...more }, 'x')),
];
const tiff = (samples: TiffImage['samples'], more: Partial<TiffImage> = {}): Uint8Array =>
  writeTiff({ width, samples, ...more });
const bytes = ramp.map((share) => Math.round(255 * share));
const near = (greys: readonly number[], wanted: readonly number[]): boolean =>
  greys.every((grey, i) => Math.abs(grey - wanted[i]) <= 1);

describe('decodeImage(source) of more than 8 bits', () => {
  it.each([10, 12, 14, 16])('shows the upper 8 of %i bits in use', async (bits) => {
    const values = scaled(2 ** bits - 1);
    const wanted = values.map((value) => value >> (bits - 8));
    expect(await decode(await png16(values))).toEqual(wanted);
    expect(await decode(tiff(Uint16Array.from(values)))).toEqual(wanted);
    expect(await decode(tiff(Int16Array.from(values.map((value) => value >> 1))))).toHaveLength(256);
    expect((await pixelFacts(await png16(values))).bitsUsed).toBe(bits);
  });
  it('shows 8 bits in 16 as they are', async () => {
    expect(await decode(await png16(bytes))).toEqual(bytes);
    expect(await decode(tiff(Uint32Array.from(bytes)))).toEqual(bytes);
  });
  it('resizes files that use 12 of 16 bits like those that use all', async () => {
    const twelve = scaled(4095);
    const sixteen = twelve.map((value) => 16 * value);
    for (const more of [{ size: 7 }, { size: 7, kernel: 'linear' }, { size: 20, fit: 'pad' }] as const)
      expect(await decode(await png16(twelve), more)).toEqual(await decode(await png16(sixteen), more));
  });
  it('takes the bits that are known of the data set, also for a dark image', async () => {
    const dark = scaled(900);
    expect(Math.max(...(await decode(await png16(dark))))).toBe(225);
    for (const kernel of [undefined, 'linear'] as const) {
      expect(Math.max(...(await decode(await png16(dark), { bits: 12, kernel })))).toBe(900 >> 4);
      expect(Math.max(...(await decode(await png16(dark), { bits: 16, kernel })))).toBe(900 >> 8);
    }
    await expect(decode(await png16(scaled(60000)), { bits: 12 })).rejects.toThrow(
      'expected pixels of 12 bits as given for the data set, got 60000; give more bits',
    );
  });
  it('obeys sBIT where the values do not reach beyond it', async () => {
    expect(Math.max(...(await decode(await png16(scaled(900), 12))))).toBe(900 >> 4);
    // Scaled to all 16 bits, as the standard has it.
    expect(Math.max(...(await decode(await png16(scaled(65535), 12))))).toBe(255);
    expect((await pixelFacts(await png16(scaled(900), 12))).bitsUsed).toBe(12);
  });
  it.each<[string, TiffImage['samples'], Partial<TiffImage>]>([
    ['floating-point numbers in [0, 1]', Float32Array.from(ramp), {}],
    ['floating-point numbers in [0, 4095]', Float32Array.from(scaled(4095)), {}],
    ['floating-point numbers of Hounsfield units', Float32Array.from(scaled(3071, -1024)), {}],
    ['signed numbers of 16 bits', Int16Array.from(scaled(2000, -1000)), {}],
    ['signed numbers of 8 bits', Int8Array.from(scaled(127, -128)), {}],
    ['whole numbers of 32 bits', Uint32Array.from(scaled(4294967295)), {}],
    ['12 bits in 32', Uint32Array.from(scaled(4095)), {}],
    ['16 bits whose smallest is white', Uint16Array.from(scaled(0, 65535)), { photometric: 0 }],
    ['12 bits whose smallest is white', Uint16Array.from(scaled(0, 4095)), { photometric: 0 }],
    ['signed numbers whose smallest is white', Int16Array.from(scaled(-1000, 2000)), { photometric: 0 }],
    ['fractions whose smallest is white', Float32Array.from(ramp, (share) => 1 - share), { photometric: 0 }],
    ['8 bits whose smallest is white', Uint8Array.from(scaled(0, 255)), { photometric: 0 }],
  ])('shows TIFF of %s over its range', async (_, samples, more) => {
    const greys = await decode(tiff(samples, more));
    expect(near(greys, bytes)).toBe(true);
  });
  it('takes the range that TIFF declares', async () => {
    const dark = Uint16Array.from(scaled(900));
    expect(Math.max(...(await decode(tiff(dark, { more: { 281: 4095 } }))))).toBe(900 >> 4);
    const signed = Int16Array.from(scaled(500, -500));
    expect(await decode(tiff(signed, { more: { 340: 64536, 341: 1000 } }))).toHaveLength(256);
  });
  it.each<[string, Uint8Array, string]>([
    ['64-bit fractions', tiff(Float64Array.from(ramp)), 'got 1 floating-point samples of 64 bits'],
    [
      'numbers that are not finite',
      tiff(Float32Array.from(ramp, (v, i) => (i ? v : NaN))),
      'expected finite pixels, got NaN',
    ],
    ['12 packed bits', tiff(Uint16Array.from(bytes), { more: { 258: 12 } }), 'got 1 samples of 12 bits'],
    ['two pages', tiff(Uint8Array.from(bytes), { pages: 2 }), 'expected one image, got 2 pages'],
  ])('refuses TIFF of %s by name', async (_, file, message) => {
    await expect(decode(file)).rejects.toThrow(InputError);
    await expect(decode(file)).rejects.toThrow(`x: `);
    await expect(decode(file)).rejects.toThrow(message);
  });
  it('reads a TIFF with a thumbnail, and refuses moving pictures', async () => {
    expect(await decode(tiff(Uint8Array.from(bytes), { pages: 2, subfile: 1 }))).toEqual(bytes);
    const frames = Buffer.concat([Buffer.from(bytes), Buffer.from(bytes).reverse()]);
    const moving = await sharp(frames, { raw: { width, height: 2 * width, channels: 1, pageHeight: width } })
      .gif()
      .toBuffer();
    await expect(decode(moving)).rejects.toThrow('got 2 pages');
  });
  it('scales colour of 16 bits by the same rule', async () => {
    const rgb = (values: number[]): Promise<Buffer> =>
      sharp(Uint16Array.from(values.flatMap((value) => [value, value, value])), {
        raw: { width, height: width, channels: 3 },
      })
        .toColourspace('rgb16')
        .png()
        .toBuffer();
    const twelve = scaled(4095);
    expect(await decode(await rgb(twelve))).toEqual(twelve.map((value) => value >> 4));
  });
  itWithShared('cases/20-png-16bit-narrow', 'shows 12 bits in 16 as 16', async (folder) => {
    const [twelve, sixteen] = await Promise.all(
      ['twelve', 'sixteen'].map((name) => decodeImage(`${folder}/${name}.png`, { size: 64, fit: 'stretch' })),
    );
    expect(new Set(twelve).size).toBeGreaterThan(100);
    expect([...twelve]).toEqual([...sixteen]);
    expect(await pixelFacts(`${folder}/twelve.png`)).toMatchObject({ bitsUsed: 12, kind: 'unsigned' });
  });
  itWithShared('cases/21-tiff', 'shows fractions and 32 bits', async (folder) => {
    const [fractions, words] = await Promise.all(
      ['float01', 'u32'].map((name) => decodeImage(`${folder}/${name}.tif`, { size: 64, fit: 'stretch' })),
    );
    expect([Math.min(...fractions), Math.max(...fractions)]).toEqual([0, 255]);
    expect(near([...words], [...fractions])).toBe(true);
  });
});

describe('pixelFacts(source)', () => {
  it('reports kind, bits used and range', async () => {
    expect(await pixelFacts(await png16(scaled(4000)))).toEqual({
      width,
      height: width,
      isDicom: false,
      kind: 'unsigned',
      bitsUsed: 12,
      range: { low: 0, high: 4095, least: 0, most: 4000 },
      remarks: [],
    });
    expect(await pixelFacts(tiff(Int16Array.from(scaled(2000, -1000))))).toMatchObject({
      kind: 'signed',
      bitsUsed: undefined,
      range: { low: -1000, high: 2000 },
    });
    expect(await pixelFacts(tiff(Uint8Array.from(bytes)))).toMatchObject({ kind: 'unsigned', bitsUsed: 8 });
  });
});
