import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RandomStream } from '@cxr-align/random';
import sharp from 'sharp';

/**
 * Writes a small set of 16 × 16 images with four labels in a tree: a bright left half (A), with a stripe in it (A/B), or
 * a dark one (A/C), and a bright right half (D).
 */
export async function madeUpData(count = 96): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'made-up-'));
  mkdirSync(join(folder, 'images'));
  const random = new RandomStream({ seed: 4, purpose: 'made-up' });
  const rows = ['image,patientId,split,A,A/B,A/C,D'];
  for (let i = 0; i < count; i++) {
    const a = random.chance(0.6);
    const b = a && random.chance(0.5);
    const d = random.chance(0.4);
    const pixels = Uint8Array.from({ length: 256 }, (_, at) => {
      const [x, y] = [at % 16, at >> 4];
      const left = x < 8 && a ? (b && y % 4 < 2 ? 40 : 190) : 60;
      return Math.min(255, Math.max(0, (x < 8 ? left : d ? 170 : 60) + 18 * random.normal()));
    });
    const png = await sharp(pixels, { raw: { width: 16, height: 16, channels: 1 } })
      .png()
      .toBuffer();
    writeFileSync(join(folder, 'images', `${i}.png`), png);
    const split = i % 6 === 4 ? 'val' : i % 6 === 5 ? 'test' : 'train';
    rows.push([`${i}.png`, `p${Math.floor(i / 6)}-${split}`, split, ...[a, b, a && !b, d].map(Number)].join(','));
  }
  writeFileSync(join(folder, 'labels.csv'), `${rows.join('\n')}\n`);
  return folder;
}

/** A configuration that trains in seconds. */
export const quick = {
  epochs: 3,
  batchSize: 16,
  bootstrap: 50,
  image: { size: 16 },
  encoder: { channels: [6, 8], dim: 16, layers: 1 },
  decoder: { dim: 16, layers: 1, heads: 2 },
};
