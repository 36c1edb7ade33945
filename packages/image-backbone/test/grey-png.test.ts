import { RandomStream } from '@cxr-align/random';
import sharp, { type PngOptions } from 'sharp';
import { decodeGreyPng, greyPngHeader } from '../src/grey-png.js';

const [width, height] = [37, 23];
const random = new RandomStream({ seed: 1, purpose: 'grey-png' });
const values = Uint16Array.from({ length: width * height }, () => random.integer(65536));
const grey16 = sharp(values, { raw: { width, height, channels: 1 } }).toColourspace('grey16');
const grey8 = sharp(
  Uint8Array.from(values, (value) => value >> 8),
  { raw: { width, height, channels: 1 } },
).toColourspace('b-w');

/** A chunk of a PNG file; its sum is not looked at here. */
function chunk(kind: string, content: number[]): Uint8Array {
  return Uint8Array.from([0, 0, 0, content.length, ...Buffer.from(kind), ...content, 0, 0, 0, 0]);
}

/** The file with a chunk after its header. */
function withChunk(file: Uint8Array, kind: string, content: number[]): Uint8Array {
  return Uint8Array.from([...file.subarray(0, 33), ...chunk(kind, content), ...file.subarray(33)]);
}

describe('greyPngHeader(bytes)', () => {
  it('knows plain grey files of 8 and 16 bits', async () => {
    expect(greyPngHeader(await grey8.clone().png().toBuffer())).toEqual({ width, height, depth: 8 });
    expect(greyPngHeader(await grey16.clone().png().toBuffer())).toEqual({ width, height, depth: 16 });
    const file = await grey8.clone().png().toBuffer();
    expect(greyPngHeader(withChunk(file, 'tEXt', [65, 0, 66]))).toEqual({ width, height, depth: 8 });
  });
  it('leaves all others to sharp', async () => {
    const file = await grey8.clone().png().toBuffer();
    const others = [
      await grey8.clone().jpeg().toBuffer(),
      await grey8.clone().toColourspace('srgb').png().toBuffer(),
      await grey8.clone().ensureAlpha().png().toBuffer(),
      await grey8.clone().png({ palette: true, colours: 4 }).toBuffer(),
      await grey8
        .clone()
        .withExif({ IFD0: { Orientation: '3' } })
        .png()
        .toBuffer(),
      withChunk(file, 'tRNS', [0, 0]),
      withChunk(file, 'iCCP', [65, 0, 0]),
      file.subarray(0, 40),
      file.subarray(0, 20),
      new Uint8Array(0),
    ];
    expect(others.map(greyPngHeader)).toEqual(others.map(() => undefined));
  });
});

describe('decodeGreyPng(bytes, header)', () => {
  it.each<[string, PngOptions]>([
    ['plain', { compressionLevel: 0 }],
    ['filtered', { adaptiveFiltering: true }],
    ['interlaced', { progressive: true }],
  ])('gives the values that went in: %s', async (_, options) => {
    for (const image of [grey8, grey16]) {
      const file = await image.clone().png(options).toBuffer();
      const pixels = await decodeGreyPng(file, greyPngHeader(file)!);
      const depth = image === grey16 ? 16 : 8;
      expect(pixels).toMatchObject({ width, height, depth });
      const { data } = pixels!;
      const wanted = [...values].flatMap((value) => (depth === 16 ? [value & 255, value >> 8] : [value >> 8]));
      expect([...data]).toEqual(wanted);
    }
  });
  it('does not read what is cut short or damaged', async () => {
    const file = await grey16.clone().png().toBuffer();
    const header = greyPngHeader(file)!;
    const damaged = Uint8Array.from(file);
    damaged[file.length >> 1] ^= 1;
    expect(await decodeGreyPng(damaged, header)).toBeUndefined();
    expect(await decodeGreyPng(file.subarray(0, file.length >> 1), header)).toBeUndefined();
    expect(await decodeGreyPng(file.subarray(0, file.length - 20), header)).toBeUndefined();
  });
});
