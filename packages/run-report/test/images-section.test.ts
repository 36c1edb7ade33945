import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeDataset, type ImageFacts } from '@cxr-align/curation';
import { readDataset } from '@cxr-align/datasets';
import { descriptionText } from '../src/description-text.js';
import { imagesSection } from '../src/images-section.js';

/** What was found of images that use so many bits. */
function factsOf(bits: readonly number[]): ImageFacts[] {
  return bits.map((bitsUsed, i) => ({
    id: `${i}.png`,
    content: String(i),
    width: 8,
    height: 8,
    mean: 100,
    std: 10,
    hash: new Uint32Array(8).fill(i * 0x55555555),
    stored: { isDicom: false, kind: 'unsigned', bitsUsed, remarks: i === 0 ? ['a comma was read as a point'] : [] },
  }));
}

async function described(bits: readonly number[]): Promise<ReturnType<typeof describeDataset>> {
  const folder = mkdtempSync(join(tmpdir(), 'images-section-'));
  writeFileSync(join(folder, 'labels.csv'), `image,Edema\n${bits.map((_, i) => `${i}.png,${i % 2}\n`).join('')}`);
  return describeDataset({ dataset: await readDataset(folder), images: factsOf(bits) });
}

describe('imagesSection(images) and descriptionText(description)', () => {
  it('report the bits that the images use, and warn of a set that mixes ranges', async () => {
    const found = await described([12, 12, 10]);
    const text = descriptionText(found);
    expect(text).toContain('pixel values: 12 bits used: 2 images (0.png, 1.png); 10 bits used: 1 image (2.png)');
    expect(text).toContain('warning: the set mixes ranges of pixel values');
    expect(text).toContain('1 images: a comma was read as a point');
    const { paragraphs, tables } = imagesSection(found.images!);
    expect(paragraphs!.join('\n')).toMatch(/Warning: the set mixes ranges .* image\.bits=12\./);
    expect(tables![0]).toMatchObject({
      caption: 'Pixel values as they are stored',
      rows: [
        ['other files', 'unsigned', 12, 2, '0.png, 1.png'],
        ['other files', 'unsigned', 10, 1, '2.png'],
      ],
    });
  });
  it('warn of nothing where all images use the same bits', async () => {
    const found = await described([12, 12]);
    expect(descriptionText(found)).not.toContain('mixes ranges');
    expect(imagesSection(found.images!).paragraphs!.join('\n')).not.toContain('Warning');
  });
});
