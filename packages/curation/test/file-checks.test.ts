import { cpSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readDataset } from '@cxr-align/datasets';
import { madeUpData } from '@cxr-align/testkit';
import { checkFiles } from '../src/file-checks.js';

describe('checkFiles(options)', () => {
  it('finds what is missing, and copies under other patients, and takes no others for copies', async () => {
    const folder = await madeUpData(36);
    cpSync(join(folder, 'images', '2.png'), join(folder, 'images', '34.png'));
    rmSync(join(folder, 'images', '3.png'));
    // The same size, start, middle and end, but not the same bytes.
    const bytes = new Uint8Array(60_000).fill(5);
    writeFileSync(join(folder, 'images', '7.png'), bytes);
    bytes[20_000] = 6;
    writeFileSync(join(folder, 'images', '17.png'), bytes);
    const { files } = await checkFiles({ dataset: await readDataset(folder) });
    expect(files.places).toMatchObject({ images: 36, missing: 1, first: { image: '3.png' } });
    expect(files.sharedImages).toMatchObject({ groups: 1, images: 2, overSplits: 1, compared: 35 });
    expect(files.sharedImages.examples[0]).toMatchObject({ images: ['2.png', '34.png'], patients: 2 });
    expect(files.headers).toBeNull();
  });

  it('refuses an unknown option', async () => {
    const dataset = await readDataset(await madeUpData(6));
    await expect(checkFiles({ dataset, dicomField: true } as never)).rejects.toThrow(/dicomField/);
  });
});
