import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Sample } from '@cxr-align/datasets';
import { planPhantoms, renderPhantom } from '@cxr-align/phantoms';
import { encodePng } from '@cxr-align/image-backbone';
import { openDataset, type StallEvent } from '@cxr-align/training';
import sharp from 'sharp';
import { describe as describeData } from '../src/describe.js';
import { checkImages } from '../src/image-facts.js';
import { summarizeImages } from '../src/image-summary.js';

const folder = mkdtempSync(join(tmpdir(), 'image-facts-'));

describe('checkImages(samples), then summarizeImages(samples, facts)', () => {
  it('finds the same image by its bytes, by its pixels, over splits; sizes; blank and broken images', async () => {
    const [first, second] = planPhantoms(6, 3).map((plan) => renderPhantom(plan, { seed: 3 }));
    const png = (phantom: typeof first): Promise<Uint8Array> =>
      encodePng(phantom.pixels, { width: phantom.size, height: phantom.size });
    const files: Record<string, Uint8Array> = {
      'a.png': await png(first),
      'copy.png': await png(first),
      'smaller.jpg': new Uint8Array(
        await sharp(await png(first))
          .resize(160, 160)
          .jpeg({ quality: 70 })
          .toBuffer(),
      ),
      'other.png': await png(second),
      'blank.png': await encodePng(new Uint8Array(100), { width: 10, height: 10 }),
      'broken.png': new Uint8Array(3),
    };
    for (const [name, bytes] of Object.entries(files)) writeFileSync(join(folder, name), bytes);
    const samples = Object.keys(files).map((id, i): Sample => ({
      id,
      image: join(folder, id),
      patient: `p${i}`,
      study: id,
      split: i === 1 ? 'test' : 'train',
    }));
    const found = summarizeImages(samples, await checkImages({ samples }));
    expect(found).toMatchObject({
      checked: 6,
      width: { min: 10, median: 224, max: 224 },
      constant: ['blank.png'],
      sameBytes: {
        groups: 1,
        overSplits: 1,
        overPatients: 1,
        examples: [{ images: ['a.png', 'copy.png'], count: 2, splits: ['train', 'test'], distance: 0 }],
      },
      nearlySame: { groups: 1, overSplits: 1 },
    });
    expect(found.nearlySame.examples.map(({ images }) => images)).toEqual([['a.png', 'copy.png', 'smaller.jpg']]);
    expect(found.unreadable).toEqual([expect.stringContaining('broken.png: expected an image')]);
    expect(found.mean!.min).toBe(0);
  });
  it('reports the bits that 16-bit images use, and warns of a set of 10 and 12 bits', async () => {
    const png16 = async (most: number): Promise<Buffer> => {
      const values = Uint16Array.from({ length: 256 }, (_, i) => Math.round((i * most) / 255));
      return sharp(values, { raw: { width: 16, height: 16, channels: 1 } })
        .toColourspace('grey16')
        .png()
        .toBuffer();
    };
    const samples: Sample[] = [];
    for (const [id, most] of Object.entries({ 'a12.png': 4000, 'b12.png': 3000, 'c10.png': 1000 })) {
      writeFileSync(join(folder, id), await png16(most));
      samples.push({ id, image: join(folder, id), patient: id, study: id, split: 'train' });
    }
    const { ranges } = summarizeImages(samples, await checkImages({ samples }));
    expect(ranges.groups.map(({ bitsUsed, images }) => [bitsUsed, images])).toEqual([
      [12, 2],
      [10, 1],
    ]);
    expect(ranges.warning).toMatch(/10 bits used: 1 image \(c10.png\).*image\.bits=12/);
  });
  it('counts 6,000 images of the same pixels, and as many nearly the same, without a list of their pairs', () => {
    const count = 6000;
    const samples = Array.from({ length: 2 * count }, (_, i): Sample => ({
      id: `${i}.png`,
      image: `${i}.png`,
      patient: `p${i % 50}`,
      study: `${i}`,
      split: i % 2 === 0 ? 'train' : 'test',
    }));
    const facts = samples.map(({ id }, i) => {
      const hash = new Uint32Array(8).fill(0x5a5a5a5a);
      // Half of them the same, half with a few bits of their own turned: 200 hashes.
      if (i >= count) hash[i % 7] ^= 1 << (i % 29);
      const stored = { isDicom: false, kind: 'unsigned', bitsUsed: 8, remarks: [] } as const;
      return { id, width: 8, height: 8, mean: 5, std: 2, hash, content: `${i}`, stored };
    });
    const { sameBytes, nearlySame } = summarizeImages(samples, facts);
    expect(sameBytes.groups).toBe(0);
    const hashes = 1 + 7 * 29;
    expect(nearlySame.groups).toBe(hashes + (hashes * (hashes - 1)) / 2);
    expect(nearlySame.overPatients).toBe(nearlySame.groups);
    expect(nearlySame.examples).toHaveLength(20);
    expect(nearlySame.examples[0]).toMatchObject({ count: expect.any(Number) as number, splits: ['train', 'test'] });
    expect(nearlySame.examples[0].images.length).toBeLessThanOrEqual(100);
    expect(nearlySame.examples[0].count).toBeGreaterThanOrEqual(count);
  });
  it('looks at pixels in memory, and says nothing of no images', async () => {
    const image = { data: new Uint8Array(64).fill(5), height: 8, width: 8 };
    const sample: Sample = { id: 'x', image, patient: 'p', study: 's', split: 'train' };
    expect((await checkImages({ samples: [sample] }))[0]).toMatchObject({
      id: 'x',
      width: 8,
      mean: 5,
      std: 0,
    });
    expect(summarizeImages([], [])).toMatchObject({ checked: 0, width: null, sameBytes: { groups: 0 } });
  });
  it('reports images that are waited for, also where a data set is described', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'slow-images-'));
    writeFileSync(join(folder, 'labels.csv'), 'image,A\na.png,1\nb.png,0\n');
    for (const name of ['a.png', 'b.png'])
      writeFileSync(join(folder, name), await encodePng(new Uint8Array(64), { width: 8, height: 8 }));
    const stalls: StallEvent[] = [];
    const on = { stall: (event: StallEvent) => stalls.push(event) };
    // A thread takes longer than that to start.
    await describeData({ data: await openDataset(folder), checkImages: true, stallSeconds: 0.001, on });
    const checked = stalls.find(({ what }) => what === 'images that are checked');
    expect(checked).toMatchObject({ waitingFor: ['a.png', 'b.png'] });
  });
});
