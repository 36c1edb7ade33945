import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lockFolder, writeFileAtomic } from '@cxr-align/files';
import { madeUpData } from '@cxr-align/testkit';
import { openDataset } from '@cxr-align/training';
import { drawPhantoms, writeDataset } from '../src/index.js';

const place = mkdtempSync(join(tmpdir(), 'written-'));
afterAll(() => rmSync(place, { recursive: true, force: true }));

describe('writeDataset(options)', () => {
  it('writes a folder once, by one process alone, and leaves no lock', async () => {
    const { dataset } = await openDataset(await madeUpData(12));
    const folder = join(place, 'one');
    const [first, second] = await Promise.allSettled([
      writeDataset({ folder, dataset }),
      writeDataset({ folder, dataset }),
    ]);
    expect(first.status).toBe('fulfilled');
    expect(String((second as PromiseRejectedResult).reason)).toMatch(/that data writes to|got one with files in it/);
    expect(readdirSync(folder).filter((name) => name.startsWith('.'))).toEqual([]);
    expect((await openDataset(folder)).dataset.samples).toHaveLength(12);
    await expect(writeDataset({ folder, dataset })).rejects.toThrow('expected a new or empty folder');
  });
  it('leaves the folder alone in which another process is drawing', async () => {
    const out = join(place, 'drawn');
    const lock = lockFolder(out, 'phantom');
    writeFileAtomic(join(out, '.cxr-unfinished'), '');
    const { dataset } = await openDataset(await madeUpData(12));
    await expect(writeDataset({ folder: out, dataset })).rejects.toThrow('that phantom writes to (this process');
    await expect(drawPhantoms({ out, images: 4, size: 32 })).rejects.toThrow('that phantom writes to (this process');
    lock.release();
    await drawPhantoms({ out, images: 4, size: 32 });
    expect(readdirSync(out).filter((name) => name.startsWith('.'))).toEqual([]);
  });
});
