import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InputError } from '@cxr-align/files';
import { itWithShared } from '@cxr-align/testkit';
import { zipSync } from 'fflate';
import sharp from 'sharp';
import { decodeImage, encodePng, imageSize, resizePixels } from '../src/index.js';

const preprocessing = { size: 8, fit: 'stretch' } as const;
const grey = (width: number, height: number, value: (x: number, y: number) => number): Uint8Array =>
  Uint8Array.from({ length: width * height }, (_, at) => value(at % width, Math.floor(at / width)));
const image = (width: number, height: number) =>
  sharp(
    grey(width, height, (x) => (x < width / 2 ? 0 : 200)),
    { raw: { width, height, channels: 1 } },
  );

describe('decodeImage(source, preprocessing)', () => {
  it('reads an image out of a ZIP archive', async () => {
    const pixels = grey(8, 8, (x, y) => 10 * x + y);
    const archive = join(mkdtempSync(join(tmpdir(), 'decode-')), 'images_001.zip');
    writeFileSync(archive, zipSync({ 'images/a.png': await encodePng(pixels, { width: 8, height: 8 }) }));
    expect([...(await decodeImage(`${archive}/images/a.png`, preprocessing))]).toEqual([...pixels]);
    expect(await imageSize(`${archive}/images/a.png`)).toEqual({ width: 8, height: 8 });
    await expect(decodeImage(`${archive}/images/b.png`, preprocessing)).rejects.toThrow('got no such entry');
  });
  it('gives back the pixels of a PNG of the same size', async () => {
    const pixels = grey(8, 8, (x, y) => 10 * x + y);
    expect([...(await decodeImage(await encodePng(pixels, { width: 8, height: 8 }), preprocessing))]).toEqual([
      ...pixels,
    ]);
  });
  it('reads colour, alpha, CMYK, 16 bits and JPEG as grey, told apart by content', async () => {
    const variants = [
      await image(8, 8).toColourspace('srgb').png().toBuffer(),
      await image(8, 8).ensureAlpha().png().toBuffer(),
      await image(8, 8).toColourspace('cmyk').jpeg({ quality: 100 }).toBuffer(),
      await image(8, 8).toColourspace('grey16').png().toBuffer(),
      await image(8, 8).jpeg({ quality: 100 }).toBuffer(),
    ];
    for (const bytes of variants) {
      const pixels = await decodeImage(bytes, preprocessing, 'x.png');
      expect(pixels).toHaveLength(64);
      expect(pixels[0]).toBeLessThan(30);
      expect(Math.abs(pixels[7] - 200)).toBeLessThan(20);
    }
  });
  it.each(['png', 'palette', 'jpeg', 'webp', 'tiff'] as const)(
    'makes ITU-R 601 luma of colour in %s',
    async (format) => {
      const bands = Uint8Array.from(
        Array.from({ length: 24 * 24 }, (_, at) => [0, 1, 2].map((c) => (Math.floor(at / 192) === c ? 255 : 0))).flat(),
      );
      const image = sharp(bands, { raw: { width: 24, height: 24, channels: 3 } });
      const encoded = {
        png: () => image.png(),
        palette: () => image.png({ palette: true }),
        jpeg: () => image.jpeg({ quality: 100, chromaSubsampling: '4:4:4' }),
        webp: () => image.webp({ lossless: true }),
        tiff: () => image.tiff({ compression: 'lzw' }),
      };
      const file = await encoded[format]().toBuffer();
      // PIL's convert('L') of red, green and blue.
      for (const kernel of [undefined, 'linear'] as const) {
        const pixels = await decodeImage(file, { size: 24, fit: 'stretch', kernel });
        const greys = [4, 12, 20].map((row) => pixels[24 * row + 12]);
        greys.forEach((grey, i) =>
          expect(Math.abs(grey - [76, 150, 29][i])).toBeLessThanOrEqual(format === 'jpeg' ? 2 : 0),
        );
      }
    },
  );
  it('gives back grey values that are stored as colour', async () => {
    const pixels = grey(8, 8, (x, y) => 30 * x + y);
    const colour = sharp(Uint8Array.from([...pixels].flatMap((value) => [value, value, value])), {
      raw: { width: 8, height: 8, channels: 3 },
    });
    expect([...(await decodeImage(await colour.clone().png().toBuffer(), preprocessing))]).toEqual([...pixels]);
  });
  it('stretches, pads with black, or crops the middle', async () => {
    const wide = await image(32, 8).png().toBuffer();
    expect([...(await decodeImage(wide, { size: 8, fit: 'pad' }))].slice(0, 8)).toEqual(new Array(8).fill(0));
    const cropped = await decodeImage(wide, { size: 8, fit: 'crop' });
    expect([cropped[0], cropped[7]]).toEqual([0, 200]);
  });
  it('turns an image upright', async () => {
    const turned = await image(8, 8)
      .withExif({ IFD0: { Orientation: '3' } })
      .jpeg({ quality: 100 })
      .withMetadata({ orientation: 3 })
      .toBuffer();
    const pixels = await decodeImage(turned, preprocessing);
    expect(pixels[0]).toBeGreaterThan(150);
  });
  it.each([
    ['an empty file', new Uint8Array(0), 'x.png: expected an image, got an empty file'],
    [
      'text',
      new TextEncoder().encode('not an image, really not an image at all'),
      'x.png: expected an image, got something else',
    ],
    [
      'a DICOM file that ends after its mark',
      Uint8Array.from([...new Array(128).fill(0), 0x44, 0x49, 0x43, 0x4d, 0, 0]),
      'expected a sound DICOM file, got a broken one',
    ],
  ])('refuses %s', async (_, bytes, message) => {
    await expect(decodeImage(bytes, preprocessing, 'x.png')).rejects.toThrow(InputError);
    await expect(decodeImage(bytes, preprocessing, 'x.png')).rejects.toThrow(message);
  });
  it('refuses a cut image and a missing one', async () => {
    const noise = await sharp(
      grey(64, 64, (x, y) => (x * 37 + y * 91) % 256),
      { raw: { width: 64, height: 64, channels: 1 } },
    )
      .png()
      .toBuffer();
    await expect(decodeImage(noise.subarray(0, noise.length / 2), preprocessing, 'cut.png')).rejects.toThrow(
      'cut.png: expected a whole and sound image',
    );
    // Bytes without a name are not printed.
    await expect(decodeImage(noise.subarray(0, 100), preprocessing)).rejects.toThrow(
      /^image: expected a whole and sound/,
    );
    await expect(decodeImage('/nowhere.png', preprocessing)).rejects.toThrow(
      '/nowhere.png: expected an image, got no such file',
    );
  });
  const refused = [
    'truncated.jpg',
    'truncated.png',
    'zero-bytes.png',
    'text-named.png',
    'bomb-60000x60000.png',
    'bad-crc.png',
  ];
  for (const name of refused) {
    itWithShared(`data/bad/${name}`, `refuses ${name} by name`, async (path) => {
      await expect(decodeImage(path, preprocessing)).rejects.toThrow(InputError);
      await expect(decodeImage(path, preprocessing)).rejects.toThrow(name);
    });
  }
  const accepted = [
    'jpeg-named.png',
    'gray-alpha-2ch.png',
    'cmyk-4ch.jpg',
    'one-pixel.png',
    'all-black.png',
    'strip-2000x2.png',
  ];
  for (const name of accepted) {
    itWithShared(`data/bad/${name}`, `reads ${name}`, async (path) => {
      expect(await decodeImage(path, preprocessing)).toHaveLength(64);
    });
  }
  itWithShared(
    'data/samples/expected.json',
    'reads the pixels of the sample images as the reference does',
    async (path) => {
      const { files } = JSON.parse(readFileSync(path, 'utf8')) as {
        files: Record<string, { width?: number; height?: number; probes?: [number, number, number][] }>;
      };
      let compared = 0;
      for (const [name, { width, height, probes }] of Object.entries(files)) {
        if (!/\.(png|jpg)$/.test(name) || width !== height || !width || name.includes('gray16')) continue;
        const pixels = await decodeImage(path.replace('expected.json', name), { size: width, fit: 'stretch' });
        for (const [row, column, value] of probes ?? []) {
          expect(Math.abs(pixels[row * width + column] - value)).toBeLessThanOrEqual(2);
          compared++;
        }
      }
      expect(compared).toBeGreaterThan(10);
    },
  );
});

describe('resizePixels(pixels, preprocessing)', () => {
  it('leaves an image of the right size alone, and means another one', async () => {
    const data = grey(8, 8, () => 7);
    expect(await resizePixels({ data, width: 8, height: 8 }, preprocessing)).toBe(data);
    const small = await resizePixels({ data: grey(16, 16, () => 90), width: 16, height: 16 }, preprocessing);
    expect([...small]).toEqual(new Array(64).fill(90));
  });
});

describe('decodeImage(source, { kernel })', () => {
  // Python: np.asarray(Image.fromarray(a).resize((size, size), resample)).ravel().tolist()
  it.each<['linear' | 'cubic' | 'lanczos3', number, number[]]>([
    ['linear', 2, [38, 163, 125, 100]],
    ['linear', 4, [0, 63, 138, 200, 13, 91, 144, 153, 38, 147, 155, 58, 50, 175, 160, 10]],
    [
      'linear',
      7,
      [
        0, 14, 57, 100, 143, 186, 200, 0, 14, 57, 100, 143, 186, 200, 11, 28, 80, 132, 144, 156, 159, 25, 47, 111, 175,
        145, 115, 105, 39, 65, 141, 218, 146, 74, 51, 50, 79, 164, 250, 147, 44, 10, 50, 79, 164, 250, 147, 44, 10,
      ],
    ],
    ['cubic', 2, [31, 169, 130, 102]],
    ['cubic', 4, [0, 44, 141, 223, 8, 84, 150, 163, 32, 164, 168, 42, 44, 204, 177, 0]],
    [
      'cubic',
      7,
      [
        0, 2, 35, 84, 150, 208, 233, 0, 7, 45, 95, 151, 196, 217, 5, 20, 71, 125, 152, 164, 174, 16, 40, 114, 175, 155,
        113, 105, 26, 60, 156, 225, 157, 61, 36, 32, 73, 182, 255, 158, 29, 0, 34, 78, 192, 255, 159, 17, 0,
      ],
    ],
    ['lanczos3', 2, [27, 173, 137, 108]],
    ['lanczos3', 4, [0, 18, 151, 241, 7, 81, 160, 157, 23, 165, 173, 48, 35, 228, 182, 0]],
    [
      'lanczos3',
      7,
      [
        0, 0, 4, 65, 162, 230, 255, 0, 2, 30, 92, 162, 203, 222, 2, 20, 67, 130, 162, 164, 169, 6, 42, 113, 175, 162,
        117, 105, 9, 64, 158, 220, 162, 70, 41, 12, 82, 195, 255, 162, 31, 0, 14, 95, 221, 255, 162, 4, 0,
      ],
    ],
  ])('resizes small images as PIL does: %s to %i', async (kernel, size, expected) => {
    const pixels = { data: Uint8Array.of(0, 100, 200, 50, 250, 10), width: 3, height: 2 };
    const options = { size, fit: 'stretch', kernel } as const;
    expect([...(await decodeImage(await encodePng(pixels.data, pixels), options))]).toEqual(expected);
    expect([...(await resizePixels(pixels, options))]).toEqual(expected);
  });
  it('cuts the middle square out of what the shorter side makes of it', async () => {
    const wide = await encodePng(
      grey(12, 4, (x) => 20 * x),
      { width: 12, height: 4 },
    );
    const cut = await decodeImage(wide, { size: 2, resize: 4, fit: 'crop', kernel: 'linear' });
    expect([...cut]).toEqual([100, 120, 100, 120]);
    // Both sides to 4, then the middle.
    const stretched = await decodeImage(wide, { size: 2, resize: 4, fit: 'stretch', kernel: 'linear' });
    expect([...stretched]).toEqual([80, 140, 80, 140]);
    const large = await encodePng(
      grey(96, 32, (x) => 2 * x),
      { width: 96, height: 32 },
    );
    const [left, right] = await decodeImage(large, { size: 2, resize: 4, fit: 'crop', kernel: 'linear' });
    expect(Math.abs(left - 87)).toBeLessThan(3);
    expect(Math.abs(right - 103)).toBeLessThan(3);
  });
});
