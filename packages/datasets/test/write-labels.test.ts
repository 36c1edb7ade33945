import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { datasetFacts, readDataset, selectLabels, selectSamples, writeLabels, type LabelFormat } from '../src/index.js';
import { folderWith } from './temporary.js';

const source = {
  'set/labels.csv': [
    'image,patientId,study,sex,age,view,split,"A, b",Edema',
    'x/1.png,p,s,F,30.5,PA,train,1,-1',
    'x/2.png,p,s,F,30.5,,val,,0',
    '"y/3, ""q"".png",q,t,,,L,test,0,1',
  ].join('\n'),
  'set/hierarchy.json': '{"nodes": ["A, b", "Edema"], "parent": {"Edema": "A, b"}}',
};

describe('writeLabels(folder, dataset)', () => {
  it.each<LabelFormat>(['csv', 'parquet'])('writes %s that is read as the same data set', async (format) => {
    const folder = folderWith(source);
    const dataset = await readDataset(join(folder, 'set'));
    writeLabels(join(folder, 'deep/er/copy'), dataset, format);
    const again = await readDataset(join(folder, 'deep/er/copy'));
    expect(again.format).toBe('mapping');
    expect(again.name).toBe('set');
    expect(again.annotations.labels).toEqual(dataset.annotations.labels);
    expect([...again.annotations.values]).toEqual([...dataset.annotations.values]);
    expect(again.samples).toEqual(dataset.samples);
    expect(again.hierarchy?.text).toBe(source['set/hierarchy.json']);
  });
  it('refuses images that are in an archive of arrays', async () => {
    const dataset = await readDataset(join(folderWith(source), 'set'));
    const [first, ...others] = dataset.samples;
    const packed = { ...first, image: { data: new Uint8Array(1), width: 1, height: 1 } };
    expect(() => writeLabels(folderWith({}), { ...dataset, samples: [packed, ...others] })).toThrow(
      `expected images in files, got ${first.id} in an archive of arrays; write them as files first`,
    );
  });
  it.each<LabelFormat>(['csv', 'parquet'])(
    'keeps in %s what nobody looked for apart from what is not mentioned',
    async (format) => {
      const folder = folderWith({ 'set/labels.csv': 'image,A,B\n1.png,unknown,1\n2.png,,0\n3.png,1,unknown\n' });
      const dataset = await readDataset(join(folder, 'set'));
      expect([...dataset.annotations.values]).toEqual([NaN, 1, NaN, 0, 1, NaN]);
      expect([...dataset.annotations.notLabelled!]).toEqual([1, 0, 0, 0, 0, 1]);
      expect(datasetFacts(dataset).counts.A).toEqual({ 1: 1, 0: 0, '-1': 0, blank: 1, unknown: 1 });
      writeLabels(join(folder, 'copy'), dataset, format);
      const again = await readDataset(join(folder, 'copy'));
      expect([...again.annotations.values]).toEqual([...dataset.annotations.values]);
      expect([...again.annotations.notLabelled!]).toEqual([...dataset.annotations.notLabelled!]);
      const second = selectSamples(selectLabels(dataset, [1]), [2, 0]);
      expect([...second.annotations.notLabelled!]).toEqual([1, 0]);
    },
  );
  it('keeps where images are that lie in images/ and elsewhere', async () => {
    const folder = folderWith({
      'set/t.csv': 'image,A\nimages/1.png,1\nmore/2.png,0\n',
      'set/dataset.yaml': 'table: t.csv\nimage: image\nlabels: [A]\n',
      'set/images/1.png': '',
    });
    const dataset = await readDataset(join(folder, 'set'));
    writeLabels(join(folder, 'copy'), dataset);
    expect(readFileSync(join(folder, 'copy/dataset.yaml'), 'utf8')).toContain('images: ../set\n');
    const again = await readDataset(join(folder, 'copy'));
    expect(again.samples.map(({ image }) => image)).toEqual(
      ['images/1.png', 'more/2.png'].map((name) => join(folder, 'set', name)),
    );
  });
  it('tells nothing of where on this machine it lies', async () => {
    const folder = folderWith(source);
    writeLabels(join(folder, 'copy'), await readDataset(join(folder, 'set')));
    expect(readFileSync(join(folder, 'copy/dataset.yaml'), 'utf8')).toContain('images: ../set\n');
    expect(readFileSync(join(folder, 'copy/labels.csv'), 'utf8')).not.toContain(folder);
  });
});
