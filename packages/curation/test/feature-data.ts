import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FeatureStoreWriter, readDataset, type Dataset } from '@cxr-align/datasets';
import { RandomStream } from '@cxr-align/random';

const source = { encoder: 'made-up', weightsHash: 'none', preprocessing: {} };

/** A set without image files, with features that show three labels: A, A/B below it, and D. */
export async function featureData(
  count = 80,
  change: (cells: Record<string, number | string>, row: number) => void = () => {},
): Promise<{ dataset: Dataset; store: string; folder: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'features-'));
  const store = join(folder, 'store');
  const random = new RandomStream({ seed: 8, purpose: 'feature-data' });
  const lines = ['image,patientId,split,A,A/B,D'];
  const features = new Float32Array(count * 6);
  const names: { id: string; content: string }[] = [];
  for (let row = 0; row < count; row++) {
    const a = Number(random.chance(0.5));
    const b = a === 1 ? Number(random.chance(0.5)) : 0;
    const d = Number(random.chance(0.4));
    [a, b, d].forEach((value, i) => (features[row * 6 + i] = 4 * value + 0.5 * random.normal()));
    for (let i = 3; i < 6; i++) features[row * 6 + i] = 0.5 * random.normal();
    const cells: Record<string, number | string> = { A: a, 'A/B': b, D: d };
    change(cells, row);
    lines.push(
      [`${row}.png`, `p${row >> 1}`, row % 4 === 3 ? 'val' : 'train', cells.A, cells['A/B'], cells.D].join(','),
    );
    names.push({ id: `${row}.png`, content: `bytes of ${row === 1 ? 0 : row}` });
  }
  writeFileSync(join(folder, 'labels.csv'), `${lines.join('\n')}\n`);
  new FeatureStoreWriter(store, source, { dim: 6, dtype: 'float32' }).append(names, features);
  return { dataset: await readDataset(folder), store, folder };
}
