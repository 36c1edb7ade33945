import { readFileSync } from 'node:fs';
import { InputError } from '@cxr-align/files';
import sharp from 'sharp';
import { decodeDicom } from '../../src/index.js';
import { readCodestream } from '../../src/dicom/codestream.js';
import { parseDicom } from '../../src/dicom/parse-dicom.js';
import { decodeRle } from '../../src/dicom/rle.js';
import { greyDicomElements as greyImage, writeDicom, type DicomElements as Elements } from '@cxr-align/testkit';

const fixture = (name: string): Uint8Array => readFileSync(new URL(`../fixtures/dicom/${name}`, import.meta.url));
const shown = async (bytes: Uint8Array): Promise<number[]> => [...(await decodeDicom(bytes, 'x.dcm')).data];

const baseline = '1.2.840.10008.1.2.4.50';
const jpegLs = '1.2.840.10008.1.2.4.80';
const jpeg2000 = '1.2.840.10008.1.2.4.90';
const even = (bytes: Uint8Array): Uint8Array => (bytes.length % 2 ? Buffer.concat([bytes, Buffer.alloc(1)]) : bytes);
/** An image of 8 × 8 pixels of 8 bits in a compressed stream. */
const file = (stream: Uint8Array, syntax: string, more: Elements = {}): Uint8Array =>
  writeDicom(
    {
      ...greyImage([]),
      '00280010': ['US', 8],
      '00280011': ['US', 8],
      '00280100': ['US', 8],
      '00280101': ['US', 8],
      '00280102': ['US', 7],
      '7fe00010': ['OB', { fragments: [even(stream)] }],
      ...more,
    },
    { syntax },
  );
const grey = Uint8Array.from({ length: 64 }, (_, i) => 4 * i);
const jpeg = (): Promise<Buffer> =>
  sharp(grey, { raw: { width: 8, height: 8, channels: 1 } })
    .toColourspace('b-w')
    .jpeg({ quality: 100 })
    .toBuffer();
/** Red, green, blue and white quarters. */
const colours = Uint8Array.from(
  Array.from(
    { length: 64 },
    (_, i) =>
      [
        [255, 0, 0],
        [0, 255, 0],
        [0, 0, 255],
        [255, 255, 255],
      ][2 * (i >> 5) + ((i & 7) >> 2)],
  ).flat(),
);
const luma = [76, 150, 29, 255];
const quartersOf = (greys: number[]): number[] => [0, 7, 56, 63].map((at) => greys[at]);

/** Start of a stream that claims a size. */
const claims = {
  jpeg: (width: number, height: number): number[] => [
    0xff,
    0xd8,
    0xff,
    0xc0,
    0,
    11,
    8,
    height >> 8,
    height & 255,
    width >> 8,
    width & 255,
    1,
    1,
    0x11,
    0,
    0xff,
    0xd9,
  ],
  jpegLs: (width: number, height: number): number[] => [
    0xff,
    0xd8,
    0xff,
    0xf7,
    0,
    11,
    8,
    height >> 8,
    height & 255,
    width >> 8,
    width & 255,
    1,
    1,
    0x11,
    0,
    0xff,
    0xd9,
  ],
  jpeg2000: (width: number, height: number): number[] => {
    const head = Buffer.alloc(47);
    head.writeUInt32BE(0xff4fff51);
    head.writeUInt16BE(41, 4);
    head.writeUInt32BE(width, 8);
    head.writeUInt32BE(height, 12);
    head.writeUInt16BE(1, 40);
    head[42] = 7;
    head.writeUInt16BE(0xff90, 45);
    return [...head];
  },
};

describe('compressed pixel data', () => {
  it('are refused before they are decoded where they claim another size than the header', async () => {
    for (const [syntax, stream] of [
      [baseline, claims.jpeg(60000, 60000)],
      [jpegLs, claims.jpegLs(60000, 60000)],
      [jpeg2000, claims.jpeg2000(2 ** 31, 2 ** 31)],
      [jpegLs, claims.jpegLs(8, 7)],
    ] as const) {
      expect(() => parseDicom(file(Uint8Array.from(stream), syntax), 'x.dcm')).toThrow(
        /^x.dcm: expected 8 × 8 pixels of 1 samples as the header says, got JPEG/,
      );
    }
  });
  it('are read by what they are, where the transfer syntax says another', async () => {
    const stream = await jpeg();
    const wanted = await shown(file(stream, baseline));
    const { header, remarks } = parseDicom(file(stream, jpegLs), 'x.dcm');
    expect(await shown(file(stream, jpegLs))).toEqual(wanted);
    expect(header.syntax).toBe('JPEG Baseline');
    expect(remarks).toEqual([
      'the transfer syntax says JPEG-LS Lossless, the pixels are JPEG Baseline, and were read so',
    ]);
    await expect(shown(file(Buffer.from('no such picture'), baseline))).rejects.toThrow('got bytes of another kind');
  });
  it('are read in JPEG Extended of 8 bits, and refused of 12', async () => {
    expect(await shown(file(await jpeg(), '1.2.840.10008.1.2.4.51'))).toEqual(
      await shown(file(await jpeg(), baseline)),
    );
    expect(await shown(fixture('jpeg-extended.dcm'))).not.toHaveLength(0);
    const twelve = Uint8Array.from(claims.jpeg(8, 8));
    twelve[3] = 0xc1;
    twelve[6] = 12;
    await expect(shown(file(twelve, '1.2.840.10008.1.2.4.51'))).rejects.toThrow(
      'expected JPEG Extended of at most 8 bits, got 12; convert it',
    );
  });
  it('become luma in JPEG of luma and chroma, and of red, green and blue', async () => {
    const options = { quality: 100, chromaSubsampling: '4:4:4' } as const;
    const image = sharp(colours, { raw: { width: 8, height: 8, channels: 3 } });
    const colour = (photometric: string): Elements => ({
      '00280002': ['US', 3],
      '00280004': ['CS', photometric],
      '00280006': ['US', 0],
    });
    const near = (greys: number[]): void =>
      quartersOf(greys).forEach((value, i) => expect(Math.abs(value - luma[i])).toBeLessThanOrEqual(2));
    const bare = await image.clone().jpeg(options).toBuffer();
    near(await shown(file(bare, baseline, colour('YBR_FULL_422'))));
    near(await shown(file(bare, baseline, colour('YBR_FULL'))));
    // JFIF is luma and chroma, whatever the header says; without a marker the header decides.
    near(await shown(file(withJfif(bare), baseline, colour('RGB'))));
    const taken = quartersOf(await shown(file(bare, baseline, colour('RGB'))));
    // Its three planes are luma and chroma of red: 76, 85, 255.
    expect(Math.abs(taken[0] - Math.round(0.299 * 76 + 0.587 * 85 + 0.114 * 255))).toBeLessThanOrEqual(2);
  });
  it('become luma in RLE, native and palette files', async () => {
    const planes = [0, 1, 2].flatMap((c) => [...colours.filter((_, i) => i % 3 === c)]);
    const elements: Elements = { '00280002': ['US', 3], '00280004': ['CS', 'RGB'], '00280006': ['US', 0] };
    const rle = await shown(file(encodeRle(planes, 3), '1.2.840.10008.1.2.5', elements));
    expect(quartersOf(rle)).toEqual(luma);
    const native = await shown(
      file(new Uint8Array(2), '1.2.840.10008.1.2.1', { ...elements, '7fe00010': ['OB', colours] }),
    );
    expect(native).toEqual(rle);
    const indices = Uint8Array.from({ length: 64 }, (_, i) => 2 * (i >> 5) + ((i & 7) >> 2) + 5);
    const table = (...values: number[]): Elements[string] => ['OW', new Uint8Array(Uint16Array.from(values).buffer)];
    for (const [bits, factor] of [
      [16, 257],
      [16, 1],
      [8, 1],
    ]) {
      const palette: Elements = {
        '00280004': ['CS', 'PALETTE COLOR'],
        '7fe00010': ['OB', indices],
        ...Object.fromEntries(
          [0, 1, 2].flatMap((c) => [
            [`0028110${c + 1}`, ['US', [4, 5, bits]]],
            [`0028120${c + 1}`, table(...[0, 4, 32, 36].map((pixel) => factor * colours[3 * pixel + c]))],
          ]),
        ),
      };
      expect(await shown(file(new Uint8Array(2), '1.2.840.10008.1.2.1', palette))).toEqual(rle);
    }
  });
  it('become luma in native YBR_FULL_422, also where each pixel has its own chroma', async () => {
    const elements: Elements = { '00280002': ['US', 3], '00280004': ['CS', 'YBR_FULL_422'], '00280006': ['US', 0] };
    const halved = Uint8Array.from(Array.from({ length: 32 }, (_, i) => [2 * i, 2 * i + 1, 128, 128]).flat());
    const full = Uint8Array.from(Array.from({ length: 64 }, (_, i) => [i, 128, 128]).flat());
    const ramp = Array.from({ length: 64 }, (_, i) => i);
    for (const bytes of [halved, full])
      expect(await shown(file(bytes, '1.2.840.10008.1.2.1', { ...elements, '7fe00010': ['OB', bytes] }))).toEqual(ramp);
  });
  it('of JPEG 2000 are read, refused when damaged, and printed about nowhere', async () => {
    const printed: unknown[] = [];
    const { log, warn, error } = console;
    const note = (...words: unknown[]): unknown => printed.push(words);
    Object.assign(console, { log: note, warn: note, error: note });
    try {
      expect(new Set(await shown(fixture('sound.dcm'))).size).toBeGreaterThan(5);
      for (const name of ['cut.dcm', 'tiles.dcm']) await expect(shown(fixture(name))).rejects.toThrow(InputError);
      // What was thrown leaves the decoder sound.
      expect(new Set(await shown(fixture('sound.dcm'))).size).toBeGreaterThan(5);
    } finally {
      Object.assign(console, { log, warn, error });
    }
    expect(printed).toEqual([]);
  });
  it('of JPEG-LS that have no end are refused at once', async () => {
    const began = performance.now();
    await expect(shown(fixture('endless-jpeg-ls.dcm'))).rejects.toThrow('got damaged ones');
    expect(performance.now() - began).toBeLessThan(5000);
  });
});

describe('readCodestream(bytes)', () => {
  it('tells the kind and size of a stream from its markers', async () => {
    expect(readCodestream(withJfif(await jpeg()))).toMatchObject({
      coding: 'jpeg',
      width: 8,
      height: 8,
      components: 1,
      bits: 8,
      colours: 'jfif',
    });
    expect(readCodestream(Uint8Array.from(claims.jpeg2000(5, 3)))).toMatchObject({
      coding: 'jpeg-2000',
      width: 5,
      height: 3,
      bits: 8,
    });
    expect(readCodestream(new Uint8Array(50))).toBeUndefined();
    expect(readCodestream(Uint8Array.of(0xff, 0xd8))).toBeUndefined();
  });
});

describe('decodeRle(data, layout)', () => {
  it('joins the bytes of 16-bit samples, most significant first', () => {
    const values = Uint16Array.from({ length: 64 }, (_, i) => 1000 * i);
    const packed = encodeRle([...values].map((v) => v >> 8).concat([...values].map((v) => v & 255)), 2);
    expect(new Uint16Array(decodeRle(packed, { area: 64, samples: 1, bytes: 2 }).slice().buffer)).toEqual(values);
  });
  it('refuses other segments than the layout has, and short ones', () => {
    const packed = encodeRle(new Array<number>(64).fill(7), 1);
    expect(() => decodeRle(packed, { area: 64, samples: 1, bytes: 2 })).toThrow('1 segments instead of 2');
    expect(() => decodeRle(packed, { area: 65, samples: 1, bytes: 1 })).toThrow('a segment of 64 values instead of 65');
    expect(() => decodeRle(new Uint8Array(3), { area: 1, samples: 1, bytes: 1 })).toThrow('less than 64 bytes');
  });
});

/** Segments in turns of literal bytes and runs. */
function encodeRle(bytes: number[], segments: number): Uint8Array {
  const each = bytes.length / segments;
  const packed = Array.from({ length: segments }, (_, s) => {
    const part = bytes.slice(s * each, (s + 1) * each);
    const out: number[] = [];
    for (let at = 0; at < part.length;) {
      let run = 1;
      while (run < 100 && part[at + run] === part[at]) run++;
      out.push(...(run > 1 ? [257 - run, part[at]] : [0, part[at]]));
      at += run;
    }
    return out.length % 2 ? [...out, 128] : out;
  });
  const header = Buffer.alloc(64);
  header.writeUInt32LE(segments);
  let at = 64;
  packed.forEach((part, s) => {
    header.writeUInt32LE(at, 4 + 4 * s);
    at += part.length;
  });
  return Buffer.concat([header, ...packed.map((part) => Buffer.from(part))]);
}

/** The file with a JFIF marker. */
function withJfif(bytes: Uint8Array): Uint8Array {
  const marker = Buffer.from([0xff, 0xe0, 0, 16, 0x4a, 0x46, 0x49, 0x46, 0, 1, 1, 0, 0, 1, 0, 1, 0, 0]);
  return Buffer.concat([bytes.subarray(0, 2), marker, bytes.subarray(2)]);
}
