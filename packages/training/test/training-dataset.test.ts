import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDataset, trainingDataset } from '../src/inputs/prepare-data.js';

describe('openDataset(path, options) and trainingDataset(opened, options)', () => {
  const folderWith = (files: Record<string, string>): string => {
    const folder = mkdtempSync(join(tmpdir(), 'training-'));
    for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
    return folder;
  };
  it('refuses to train on images without labels', async () => {
    const opened = await openDataset(folderWith({ 'a.png': '' }), { format: 'images' });
    expect(() => trainingDataset(opened, { seed: 1 })).toThrow(
      'expected labels to train on, got images without labels (read as images); add a table of labels',
    );
  });
  it('passes on named columns, and the remarks of the reader', async () => {
    const folder = folderWith({ 'labels.csv': 'image,Kürzel,A\na.png,x,1\nb.png,y,0\n' });
    const { remarks } = await openDataset(folder);
    expect(remarks.join('\n')).toContain('warning: no column of patients was found');
    const { dataset } = await openDataset(folder, { columns: { patient: 'Kürzel' } });
    expect(dataset.samples.map(({ patient }) => patient)).toEqual(['x', 'y']);
  });
});
