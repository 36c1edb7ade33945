import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { planPhantoms, renderPhantom, type Sample } from '@cxr-align/datasets';
import { encodePng } from '@cxr-align/image-backbone';
import sharp from 'sharp';
import { checkImages } from '../../src/data/image-facts.js';
import { summarizeImages } from '../../src/data/image-summary.js';
import { silentProgress } from '../../src/progress.js';

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
    const found = summarizeImages(samples, await checkImages(samples, silentProgress));
    expect(found).toMatchObject({
      checked: 6,
      width: { min: 10, median: 224, max: 224 },
      constant: ['blank.png'],
      sameBytes: {
        groups: 1,
        overSplits: 1,
        overPatients: 1,
        examples: [{ images: ['a.png', 'copy.png'], splits: ['train', 'test'], distance: 0 }],
      },
      nearlySame: { groups: 2, overSplits: 1 },
    });
    expect(found.nearlySame.examples.map(({ images }) => images)).toEqual([
      ['copy.png', 'smaller.jpg'],
      ['a.png', 'smaller.jpg'],
    ]);
    expect(found.unreadable).toEqual([expect.stringContaining('broken.png: expected an image')]);
    expect(found.mean!.min).toBe(0);
  });
  it('looks at pixels in memory, and says nothing of no images', async () => {
    const image = { data: new Uint8Array(64).fill(5), height: 8, width: 8 };
    const sample: Sample = { id: 'x', image, patient: 'p', study: 's', split: 'train' };
    expect((await checkImages([sample], silentProgress))[0]).toMatchObject({
      id: 'x',
      width: 8,
      mean: 5,
      deviation: 0,
    });
    expect(summarizeImages([], [])).toMatchObject({ checked: 0, width: null, sameBytes: { groups: 0 } });
  });
});
