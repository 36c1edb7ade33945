import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Sample } from '@cxr-align/datasets';
import sharp from 'sharp';
import { checkConfig } from '../src/config/config.js';
import { mixedRangesRemark } from '../src/inputs/mixed-ranges.js';

const folder = mkdtempSync(join(tmpdir(), 'ranges-'));

/** Images of 16 bits with grey values from 0 to each of some numbers. */
async function samplesOf(...most: number[]): Promise<Sample[]> {
  return Promise.all(
    most.map(async (white, i): Promise<Sample> => {
      const values = Uint16Array.from({ length: 64 }, (_, at) => Math.round((at * white) / 63));
      const image = join(folder, `${white}-${i}.png`);
      const png = sharp(values, { raw: { width: 8, height: 8, channels: 1 } });
      writeFileSync(image, await png.toColourspace('grey16').png().toBuffer());
      return { id: image, image, patient: 'p', study: image, split: 'train' };
    }),
  );
}

const config = (content: object): ReturnType<typeof checkConfig> => checkConfig(content, 'test');

describe('mixedRangesRemark(dataset, config)', () => {
  it('warns of images of 10 and 12 bits, and names the key that gives them one scale', async () => {
    const samples = await samplesOf(4000, 1000, 3000);
    expect(await mixedRangesRemark({ samples }, config({}))).toBe(
      'warning: the images mix ranges of pixel values (of 3 examined, 2 use 12 bits, 1 use 10 bits), and each is scaled by its own: equal exposures become different grey values; if one detector made them, image.bits=12 gives them one scale',
    );
    const frozen = config({ encoder: { kind: 'frozen' } });
    expect(await mixedRangesRemark({ samples }, frozen)).toMatch(/export all of them in one way$/);
  });
  it('is nothing where image.bits gives one scale, all use the same bits, or none can be read', async () => {
    const mixed = await samplesOf(4000, 1000);
    expect(await mixedRangesRemark({ samples: mixed }, config({ image: { bits: 12 } }))).toBeUndefined();
    expect(await mixedRangesRemark({ samples: await samplesOf(4000, 3000) }, config({}))).toBeUndefined();
    const missing = mixed.map((sample) => ({ ...sample, image: join(folder, 'none.png') }));
    expect(await mixedRangesRemark({ samples: missing }, config({}))).toBeUndefined();
  });
});
