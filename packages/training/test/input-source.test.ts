import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readDataset } from '@cxr-align/datasets';
import { loadImages } from '@cxr-align/image-backbone';
import sharp from 'sharp';
import { checkConfig } from '../src/config/config.js';
import { trainingSource } from '../src/inputs/input-source.js';
import { silentProgress } from '../src/progress.js';

/** Grey values from 0 to `most`, as a PNG of 16 bits. */
async function png16(most: number): Promise<Buffer> {
  const values = Uint16Array.from({ length: 64 }, (_, i) => Math.round((i * most) / 63));
  return sharp(values, { raw: { width: 8, height: 8, channels: 1 } })
    .toColourspace('grey16')
    .png()
    .toBuffer();
}

describe('trainingSource(config, dataset)', () => {
  it('gives images of 10 and 12 bits one scale by image.bits, and none to one with larger values', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'bits-'));
    for (const [name, most] of Object.entries({ dark: 1000, bright: 4000, odd: 60000 }))
      writeFileSync(join(folder, `${name}.png`), await png16(most));
    writeFileSync(
      join(folder, 'labels.csv'),
      'image,split,Edema\ndark.png,train,1\nbright.png,train,0\nodd.png,train,0\n',
    );
    const dataset = await readDataset(folder);
    const brightest = async (bits: number): Promise<{ greys: number[]; reasons: string[] }> => {
      const config = checkConfig({ model: 'linear', image: { size: 8, bits } }, 'test');
      const source = await trainingSource(config, dataset, { out: folder }, silentProgress);
      if (source.kind !== 'image') throw new Error('expected images');
      const { pixels, unreadable } = await loadImages(
        dataset.samples.map(({ image }) => image),
        source.preprocessing,
      );
      const greys = Array.from({ length: pixels.length / 64 }, (_, i) => pixels.subarray(64 * i, 64 * (i + 1)));
      return { greys: greys.map((one) => Math.max(...one)), reasons: unreadable.map(({ reason }) => reason) };
    };
    expect(await brightest(12)).toEqual({
      greys: [1000 >> 4, 4000 >> 4],
      reasons: [expect.stringContaining('odd.png: expected pixels of 12 bits as given for the data set, got 60000')],
    });
    expect(await brightest(0)).toEqual({ greys: [1000 >> 2, 4000 >> 4, 60000 >> 8], reasons: [] });
  });
});
