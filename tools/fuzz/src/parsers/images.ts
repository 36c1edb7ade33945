import { crc32 } from 'node:zlib';
import { decodeImage, dicomFacts, imageSize, pixelFacts } from '@cxr-align/image-backbone/images';
import sharp from 'sharp';
import type { Parser } from '../judge.js';
import { dicomFiles } from './dicom.js';

const [width, height] = [24, 16];
const grey = Uint8Array.from({ length: width * height }, (_, i) => (i * 37) % 256);
const picture = () => sharp(grey, { raw: { width, height, channels: 1 } });
const colour = () =>
  sharp(
    Uint8Array.from({ length: 3 * width * height }, (_, i) => (i * 11) % 256),
    {
      raw: { width, height, channels: 3 },
    },
  );
const deep = () =>
  sharp(
    Uint16Array.from(grey, (value) => value * 16),
    { raw: { width, height, channels: 1 } },
  ).toColourspace('grey16');

async function read(file: string): Promise<void> {
  await imageSize(file);
  await pixelFacts(file);
  await decodeImage(file, { size: 8, fit: 'crop', kernel: 'linear', resize: 10 });
}

/** PNG with the checksums of its chunks as they should be. */
function withChecksums(bytes: Uint8Array): Uint8Array {
  const out = new Uint8Array(bytes);
  const view = new DataView(out.buffer);
  for (let at = 8; at + 12 <= out.length;) {
    const end = at + 8 + view.getUint32(at);
    if (end + 4 > out.length) break;
    view.setUint32(end, crc32(out.subarray(at + 4, end)));
    at = end + 4;
  }
  return out;
}

const tiffs = (): Promise<Uint8Array[]> =>
  Promise.all([
    picture().toColourspace('b-w').tiff().toBuffer(),
    picture().toColourspace('b-w').tiff({ compression: 'lzw', tile: true, tileWidth: 16, tileHeight: 16 }).toBuffer(),
    deep().tiff({ compression: 'deflate' }).toBuffer(),
    colour().tiff({ compression: 'jpeg', bigtiff: true }).toBuffer(),
  ]);

/** Pictures. Memory: a picture may have 100 million pixels, and be held in 16 bits and in 8. */
export const imageParsers: readonly Parser[] = [
  {
    name: 'png',
    grammar: 'binary',
    file: 'input.png',
    seeds: () =>
      Promise.all([
        picture().toColourspace('b-w').png().toBuffer(),
        deep().png().toBuffer(),
        colour().png({ palette: true }).toBuffer(),
        colour().png({ progressive: true }).toBuffer(),
      ]),
    repair: withChecksums,
    parse: read,
  },
  {
    name: 'jpeg',
    grammar: 'binary',
    file: 'input.jpg',
    seeds: () =>
      Promise.all([
        picture().toColourspace('b-w').jpeg().toBuffer(),
        colour().withMetadata({ orientation: 6 }).jpeg({ progressive: true }).toBuffer(),
      ]),
    parse: read,
  },
  { name: 'tiff', grammar: 'binary', file: 'input.tif', seeds: tiffs, parse: read },
  {
    name: 'webp',
    grammar: 'binary',
    file: 'input.webp',
    seeds: () => Promise.all([picture().webp().toBuffer(), colour().webp({ lossless: true }).toBuffer()]),
    parse: read,
  },
  ...dicomFiles.map(({ name, seeds }): Parser => ({
    name: `dicom-${name}`,
    isLong: name === 'rle' || name === 'jpeg',
    grammar: 'binary',
    file: 'input.dcm',
    seeds,
    parse: async (file, bytes) => {
      dicomFacts(bytes, file);
      await read(file);
    },
  })),
];
