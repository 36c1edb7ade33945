import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readDataset } from '@cxr-align/datasets';
import { describeDataset } from '../src/describe-dataset.js';

describe('describeDataset(options)', () => {
  it('describes images without a table: no labels, and the remarks', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'images-'));
    for (const name of ['a.png', 'b.png']) writeFileSync(join(folder, name), '');
    const dataset = await readDataset(folder, { format: 'images' });
    const found = describeDataset({ dataset });
    expect(found).toMatchObject({ rows: 2, labels: [], noFinding: 0, excluded: [], policies: { 'u-ones': {} } });
    expect(found.remarks).toContain(
      'no table was read: the images have no labels, and each counts as a patient of its own',
    );
  });
});
