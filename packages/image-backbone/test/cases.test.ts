import { readFileSync } from 'node:fs';
import { InputError } from '@cxr-align/files';
import { itWithShared } from '@cxr-align/testkit';
import { decodeDicom, decodeImage, dicomFacts, pixelFacts } from '../src/index.js';

const shown = async (file: string): Promise<number[]> => [
  ...(await decodeDicom(new Uint8Array(readFileSync(file)), file)).data,
];

describe('files that people bring', () => {
  itWithShared(
    'cases/01-excess-padding',
    'are read without the bytes after the pixels, and refused when short',
    async (folder) => {
      expect(await shown(`${folder}/two.dcm`)).toHaveLength(64 * 64);
      expect((await pixelFacts(`${folder}/two.dcm`)).bitsUsed).toBe(12);
      await expect(shown(`${folder}/cut.dcm`)).rejects.toThrow(
        'expected 8192 bytes for 64 × 64 pixels of 16 bits, got 8190',
      );
    },
  );
  itWithShared('cases/05-no-preamble', 'are read without a preamble or a meta header', async (folder) => {
    const [bare, unnamed] = await Promise.all(
      ['bare-implicit', 'nometa'].map((name) => shown(`${folder}/${name}.dcm`)),
    );
    expect(new Set(bare).size).toBeGreaterThan(50);
    expect(unnamed).toEqual(bare);
    const { remarks, syntax } = dicomFacts(readFileSync(`${folder}/bare-implicit.dcm`));
    expect(syntax).toBe('Implicit VR Little Endian');
    expect(remarks.join()).toContain('preamble');
  });
  itWithShared(
    'cases/06-jpeg-extended-8bit',
    'are read in JPEG Extended of 8 bits as in JPEG Baseline',
    async (folder) => {
      const [extended, baseline] = await Promise.all(
        ['8bit', 'baseline'].map((name) => shown(`${folder}/${name}.dcm`)),
      );
      expect(extended).toEqual(baseline);
    },
  );
  itWithShared(
    'cases/10-window-oddities',
    'are shown without windows that the standard does not allow',
    async (folder) => {
      const one = (name: string): Promise<number[]> => shown(`${folder}/${name}.dcm`);
      const plain = await one('slope-blank');
      for (const name of ['center-only', 'nan', 'negative', 'tiny-width', 'width0']) {
        expect(await one(name)).toEqual(plain);
        expect((await pixelFacts(`${folder}/${name}.dcm`)).remarks.join()).toMatch(/the window is not one/);
      }
      expect(await one('comma')).toEqual(await one('several'));
      expect(new Set(await one('width1'))).toEqual(new Set([0, 255]));
      expect(Math.max(...(await one('eight-bit-window')))).toBe(255);
      const sigmoid = await one('sigmoid-lower');
      expect(new Set(sigmoid).size).toBeGreaterThan(50);
      expect(Math.min(...sigmoid)).toBeLessThan(10);
      await expect(one('slope0')).rejects.toThrow('expected a Rescale Slope other than 0');
    },
  );
  itWithShared('cases/12-refused-kinds', 'are read with a palette, and refused by what they are', async (folder) => {
    expect(new Set(await shown(`${folder}/palette.dcm`)).size).toBeGreaterThan(50);
    await expect(shown(`${folder}/no-photometric.dcm`)).rejects.toThrow(
      'expected a Photometric Interpretation, got none',
    );
    await expect(shown(`${folder}/rgb16.dcm`)).rejects.toThrow('expected 8 bits a value of a colour image, got 16');
  });
  itWithShared(
    'cases/13-syntax-lies',
    'are read as they are encoded, and refused by the name of the syntax',
    async (folder) => {
      expect(new Set(await shown(`${folder}/explicit-says-implicit.dcm`)).size).toBeGreaterThan(50);
      await expect(shown(`${folder}/private-ge.dcm`)).rejects.toThrow('got GE Private');
    },
  );
  itWithShared(
    'cases/15-dicom-more',
    'are read in native YBR_FULL_422, and refused with an impossible high bit',
    async (folder) => {
      expect(new Set(await shown(`${folder}/native-ybr422.dcm`)).size).toBeGreaterThan(20);
      await expect(shown(`${folder}/high0.dcm`)).rejects.toThrow('got 12 with the high bit 0');
    },
  );
  itWithShared('cases/16-j2k-stdout', 'print nothing when they are damaged', async (folder) => {
    const printed: unknown[] = [];
    const { log, warn, error } = console;
    Object.assign(
      console,
      Object.fromEntries(['log', 'warn', 'error'].map((name) => [name, (...words: unknown[]) => printed.push(words)])),
    );
    try {
      for (const name of ['cut', 'tiles']) await expect(shown(`${folder}/${name}.dcm`)).rejects.toThrow(InputError);
      expect(new Set(await shown(`${folder}/sound.dcm`)).size).toBeGreaterThan(5);
    } finally {
      Object.assign(console, { log, warn, error });
    }
    expect(printed).toEqual([]);
  });
  itWithShared('cases/17-colour-luma', 'become ITU-R 601 luma in every coding', async (folder) => {
    for (const name of ['raw.dcm', 'jpeg.dcm', 'file.png']) {
      const pixels = await decodeImage(`${folder}/${name}`, { size: 64, fit: 'stretch' });
      const bands = [8, 24, 40].map((row) => pixels[row * 64 + 20]);
      const most = name === 'jpeg.dcm' ? 2 : 0;
      bands.forEach((grey, i) => expect(Math.abs(grey - [76, 150, 29][i])).toBeLessThanOrEqual(most));
    }
  });
  itWithShared('cases/r08-jpegls-bomb', 'are refused at once where a stream has no end', async (folder) => {
    const began = performance.now();
    await expect(shown(`${folder}/bomb.dcm`)).rejects.toThrow(
      'expected sound JPEG-LS Lossless pixels, got damaged ones',
    );
    expect(performance.now() - began).toBeLessThan(5000);
  });
});
