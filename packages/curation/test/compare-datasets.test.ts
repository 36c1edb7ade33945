import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readDataset, type Dataset } from '@cxr-align/datasets';
import { LabelGraph } from '@cxr-align/label-graph';
import { chexpert14 } from '@cxr-align/label-graph/sets/chexpert-14';
import { parseLabelGraph } from '@cxr-align/label-graph/formats';
import { type ComparedDataset, compareDatasets } from '../src/compare-datasets.js';
import { mergeDatasets } from '../src/merge-datasets.js';

async function set(name: string, header: string, rows: string[]): Promise<Dataset> {
  const folder = mkdtempSync(join(tmpdir(), 'compare-'));
  writeFileSync(join(folder, 'labels.csv'), [header, ...rows].join('\n'));
  return { ...(await readDataset(folder)), name };
}

const side = (dataset: Dataset, graph: LabelGraph): ComparedDataset => ({
  name: dataset.name,
  dataset,
  graph,
  images: null,
});
const nih = parseLabelGraph('{"labels": ["Edema", {"name": "Mass", "finding": "Lung Mass"}, "Nodule", "Hernia"]}');
const chexpert = parseLabelGraph('{"labels": ["Edema", "Lung Lesion", "Fracture"]}');

describe('compareDatasets({ a, b })', () => {
  it('compares the labels that both determine, by meaning, and the other facts, worked by hand', async () => {
    const a = await set(
      'a',
      'image,patientId,sex,age,view,Edema,Lung Lesion,Fracture',
      Array.from(
        { length: 100 },
        (_, i) => `${i}.png,p${i},${i < 50 ? 'F' : 'M'},60,PA,${i < 10 ? 1 : 0},${i < 20 ? 1 : 0},0`,
      ),
    );
    const b = await set(
      'b',
      'image,patientId,sex,age,view,Edema,Mass,Nodule,Hernia',
      Array.from(
        { length: 100 },
        (_, i) => `${i + 90}.png,p${i + 95},F,${50 + (i % 21)},,${i < 40 ? 1 : -1},${i < 20 ? 1 : 0},0,0`,
      ),
    );
    const found = compareDatasets({ a: side(a, chexpert), b: side(b, nih) });
    expect(Object.keys(found.labels)).toEqual(['Edema', 'Lung Lesion']);
    expect(found.labels['Edema']).toMatchObject({
      relation: 'same',
      from: ['Edema'],
      a: { positives: 10, proportion: 0.1 },
      b: { positives: 40, proportion: 0.4 },
    });
    expect(found.labels['Edema'].difference).toBeCloseTo(0.3, 12);
    expect(found.labels['Edema'].p!).toBeLessThan(1e-5);
    expect(found.labels['Edema'].pHolm).toBeCloseTo(2 * found.labels['Edema'].p!, 12);
    expect(found.labels['Lung Lesion']).toMatchObject({ relation: 'narrower', from: ['Mass', 'Nodule'], kl: 0, p: 1 });
    expect([found.onlyA, found.onlyB]).toEqual([['Fracture'], ['Hernia']]);
    expect(found.sex.totalVariation).toBe(0.5);
    expect(found.view.totalVariation).toBeNull();
    expect(found.age).toMatchObject({ a: { known: 100, mean: 60 } });
    expect(found.shared).toEqual({ images: 10, patients: 5, sameBytes: null });
    // Edema alone 0.1 against 0.4, lesion alone the same, both 0.1 against 0.2: √(0.3² + 2 · 0.1²)
    expect(found.frobenius).toBeCloseTo(Math.sqrt(0.09 + 0.02), 12);
  });
  it('compares sets of 450 labels, whose pairs are more than a call may have arguments', async () => {
    const labels = Array.from({ length: 450 }, (_, i) => `Finding ${i}`);
    const rows = [0, 1, 2].map((row) => `${row}.png,${labels.map((_, i) => Number(i % 3 === row)).join(',')}`);
    const one = await set('many', `image,${labels.join(',')}`, rows);
    const graph = parseLabelGraph(`[${labels.join(', ')}]`);
    expect(compareDatasets({ a: side(one, graph), b: side(one, graph) })).toMatchObject({ frobenius: 0 });
  });
  it('finds no difference between a set and itself', async () => {
    const one = await set('x', 'image,Edema', ['1.png,1', '2.png,0', '3.png,']);
    const found = compareDatasets({
      a: side(one, parseLabelGraph('[Edema]')),
      b: side(one, parseLabelGraph('[Edema]')),
    });
    expect(found).toMatchObject({
      frobenius: 0,
      labels: { Edema: { difference: 0, kl: 0, p: 1 } },
      shared: { images: 3 },
    });
  });
});

describe('mergeDatasets({ datasets, graph })', () => {
  it('knows of each set what it tells, and nothing else', async () => {
    const a = await set('a', 'image,patientId,Edema,Nodule', ['1.png,p,1,0', '2.png,p,,1']);
    const b = await set('b', 'image,patientId,Lung Opacity,Fracture', ['1.png,p,0,1', '2.png,q,1,0']);
    const target = new LabelGraph(chexpert14);
    const { dataset, parts } = mergeDatasets({ datasets: [a, b], graph: target });
    expect(dataset.samples.map(({ id, patient }) => [id, patient])).toEqual([
      ['a/1.png', 'a/p'],
      ['a/2.png', 'a/p'],
      ['b/1.png', 'b/p'],
      ['b/2.png', 'b/q'],
    ]);
    const column = (label: string): (number | string)[] =>
      dataset.samples.map((_, row) => {
        const { labels, values, notLabelled } = dataset.annotations;
        const at = row * labels.length + labels.indexOf(label);
        return notLabelled![at] ? 'unknown' : Number.isNaN(values[at]) ? 'blank' : values[at];
      });
    expect(parseLabelGraph(dataset.hierarchy!.text).ancestors('Pneumonia')).toEqual(target.ancestors('Pneumonia'));
    expect(column('Edema')).toEqual([1, 'blank', 0, 'unknown']);
    expect(column('Lung Lesion')).toEqual(['unknown', 1, 0, 'unknown']);
    expect(column('Fracture')).toEqual(['unknown', 'unknown', 1, 0]);
    expect(column('Pneumonia')).toEqual(['unknown', 'unknown', 0, 'unknown']);
    expect(parts[1]).toMatchObject({ name: 'b', images: 2, unused: [] });
    expect(parts[0].determined).toContain('Lung Opacity');
    expect(() => mergeDatasets({ datasets: [a, a], graph: target })).toThrow(
      'expected sets of different names, got a twice',
    );
    expect(() => mergeDatasets({ datasets: [a, b], graph: parseLabelGraph('[Scoliosis]') })).toThrow(
      'expected labels that determine some of Scoliosis',
    );
  });
});
