import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compareDatasets, describeDataset } from '@cxr-align/curation';
import { readDataset, type Dataset } from '@cxr-align/datasets';
import { descriptionText } from '../src/description-text.js';
import { dataComparisonText } from '../src/data-comparison-text.js';

async function set(name: string, table: string): Promise<Dataset> {
  const folder = mkdtempSync(join(tmpdir(), 'text-'));
  writeFileSync(join(folder, 'labels.csv'), table);
  return { ...(await readDataset(folder)), name };
}

describe('dataComparisonText(comparison)', () => {
  it('names the labels that imply one, and facts that one of them lacks', async () => {
    const a = await set('a', 'image,patientId,view,Edema,Lung Lesion\n1.png,p,PA,1,0\n2.png,q,PA,0,1');
    const b = await set('b', 'image,patientId,view,Edema,Mass,Nodule\n3.png,r,,1,0,1\n4.png,s,,0,0,0');
    const text = dataComparisonText(compareDatasets({ a: { dataset: a }, b: { dataset: b } }));
    expect(text).toContain('at least, by Nodule');
    expect(text).toContain('view: not known in both');
  });
  it('fits 80 columns with the longest names, as a description does', async () => {
    const long = `Pneumonia/Bacterial/${'Streptococcus '.repeat(8)}pneumoniae`;
    const table = `image,patientId,view,${long},Edema\n1.png,p,PA,1,0\n2.png,q,PA,0,1`;
    const [a, b] = [await set('a', table), await set('b', table)];
    const tables = [
      dataComparisonText(compareDatasets({ a: { dataset: a }, b: { dataset: b } })),
      descriptionText(describeDataset({ dataset: a })),
    ].flatMap((text) => text.split('\n').filter((line) => /^(label|Pneumonia|Edema|u-)/.test(line)));
    expect(tables.length).toBeGreaterThan(8);
    for (const line of tables) expect(line.length).toBeLessThanOrEqual(80);
    expect(tables.some((line) => line.includes('…'))).toBe(true);
  });
});
