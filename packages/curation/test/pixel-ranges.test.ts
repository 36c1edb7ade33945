import { summarizePixelRanges } from '../src/pixel-ranges.js';

type Stored = Parameters<typeof summarizePixelRanges>[0][number]['stored'];

const plain = { isDicom: false, kind: 'unsigned', remarks: [] } as const;
const ranges = (...stored: Stored[]): ReturnType<typeof summarizePixelRanges> =>
  summarizePixelRanges(stored.map((one, i) => ({ id: `${i}.png`, stored: one })));

describe('summarizePixelRanges(images)', () => {
  it('counts images by the bits that they use, the most frequent first', () => {
    const found = ranges(
      { ...plain, bitsUsed: 10 },
      { ...plain, bitsUsed: 12 },
      { ...plain, bitsUsed: 12 },
      { ...plain, bitsUsed: 12 },
      { ...plain, bitsUsed: 12 },
    );
    expect(found.groups).toEqual([
      { isDicom: false, kind: 'unsigned', bitsUsed: 12, images: 4, examples: ['1.png', '2.png', '3.png'] },
      { isDicom: false, kind: 'unsigned', bitsUsed: 10, images: 1, examples: ['0.png'] },
    ]);
  });
  it('warns where files use different bits, and names the key that gives them one scale', () => {
    expect(ranges({ ...plain, bitsUsed: 12 }, { ...plain, bitsUsed: 12 }, { ...plain, bitsUsed: 10 }).warning).toBe(
      'the set mixes ranges of pixel values: 12 bits used: 2 images (0.png, 1.png); 10 bits used: 1 image (2.png); each file is scaled by its own range, so that equal exposures become different grey values: if one detector made them, train with image.bits=12',
    );
    expect(ranges({ ...plain, bitsUsed: 8 }, { ...plain, bitsUsed: 16 }).warning).toMatch(/export all of them in one/);
  });
  it('warns where each image is scaled from its own smallest to its own largest value', () => {
    const own = { ...plain, kind: 'float' } as const;
    expect(ranges(own, own).warning).toMatch(/each of 2 images may be scaled from its own smallest/);
    expect(ranges(own, { ...plain, bitsUsed: 12 }).warning).toMatch(
      /fractions, scaled by each file: 1 image \(0.png\)/,
    );
  });
  it('does not warn of files that use the same bits, nor of DICOM files, whose headers have the scale', () => {
    expect(ranges({ ...plain, bitsUsed: 12 }, { ...plain, bitsUsed: 12 }).warning).toBeNull();
    const dicom = { ...plain, isDicom: true };
    expect(ranges({ ...dicom, bitsUsed: 10 }, { ...dicom, bitsUsed: 14, remarks: ['odd', 'new'] })).toMatchObject({
      warning: null,
      remarks: { odd: 1, new: 1 },
    });
    expect(ranges()).toEqual({ groups: [], warning: null, remarks: {} });
  });
});
