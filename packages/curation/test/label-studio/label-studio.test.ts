import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { LabelGraph } from '@cxr-align/label-graph';
import { labellingConfig } from '../../src/label-studio/labelling-config.js';
import { labelStudioProject } from '../../src/label-studio/labelling-tasks.js';
import { readLabelStudio } from '../../src/label-studio/read-annotations.js';
import type { NextImages } from '../../src/next/choose-next.js';
import { featureData } from '../feature-data.js';

const graph = new LabelGraph({
  name: 'tree',
  labels: [{ name: 'A' }, { name: 'A/B', parents: ['A'] }, { name: 'D' }],
});
const labels = ['A', 'A/B', 'D'];
const chosen = (images: NextImages['images']): NextImages => ({
  name: 'x',
  method: 'uncertain',
  source: 'a model',
  labels,
  labelled: 0,
  candidates: 2,
  missing: { count: 0, images: [] },
  remarks: [],
  images,
});
const image = { image: '3.png', patient: 'p1', split: 'val', value: 1, probabilities: { A: 0.9, 'A/B': 0.7, D: 0.2 } };

describe('labelStudioProject(options)', () => {
  it('writes tasks with predictions as paths in the tree, and escapes names in the configuration', async () => {
    const { dataset } = await featureData(8);
    const { tasks, config } = labelStudioProject({ dataset, graph, next: chosen([image]) });
    expect(tasks[0].data).toEqual({ image: '/data/local-files/?d=3.png', sample: '3.png' });
    expect(tasks[0].predictions![0].result[0].value.taxonomy).toEqual([['A'], ['A', 'A/B']]);
    expect(tasks[0].predictions![0].score).toBeCloseTo(0.7, 12);
    expect(config).toContain('<Taxonomy name="present" toName="image"');
    const odd = new LabelGraph({ name: 'odd', labels: [{ name: 'x "<&' }] });
    expect(labellingConfig(['x "<&'], odd)).toContain('<Choice value="x &quot;&lt;&amp;"/>');
  });

  it('refuses images that Label Studio does not show', async () => {
    const { dataset } = await featureData(8);
    const samples = dataset.samples.map((one) => ({ ...one, image: `${String(one.image)}.dcm` }));
    expect(() => labelStudioProject({ dataset: { ...dataset, samples }, graph, next: chosen([image]) })).toThrow(
      'expected images in PNG or JPEG files, which Label Studio shows, got 3.png',
    );
  });
});

describe('readLabelStudio(options)', () => {
  const result = (name: string, ...taxonomy: string[][]) => ({
    from_name: name,
    to_name: 'image',
    type: 'taxonomy',
    value: { taxonomy },
  });
  const task = (sample: string, ...annotations: object[]) => ({ id: 1, data: { image: 'x', sample }, annotations });

  it('takes the newest submitted annotation, and counts what it does not know', async () => {
    const { dataset, folder } = await featureData(8, (cells, row) => {
      if (row === 0) [cells.A, cells['A/B'], cells.D] = ['', '', 1];
    });
    const file = join(folder, 'export.json');
    const json = [
      task(
        '0.png',
        { result: [result('present', ['A', 'A/B']), result('uncertain', ['D'])], updated_at: '2026-02-02' },
        { result: [], updated_at: '2026-01-01' },
      ),
      task('1.png', { was_cancelled: true, result: [] }),
      task('2.png', { result: [result('present', ['Strange'])] }),
      task('z.png', { result: [] }),
    ];
    writeFileSync(file, JSON.stringify(json));
    const found = readLabelStudio({ dataset, file });
    expect([...found.dataset.annotations.values.slice(0, 3)]).toEqual([1, 1, -1]);
    expect([...found.dataset.annotations.values.slice(6, 9)]).toEqual([0, 0, 0]);
    expect(found).toMatchObject({
      images: 2,
      added: 2,
      open: 1,
      unknownLabels: { Strange: 1 },
      unknownImages: ['z.png'],
    });
    expect(found.remarks).toEqual(['1 images have several annotations: the newest of each was taken']);
  });

  it('refuses another export, and one without annotations', async () => {
    const { dataset, folder } = await featureData(8);
    const file = join(folder, 'export.json');
    writeFileSync(file, '[{"image":"x"}]');
    expect(() => readLabelStudio({ dataset, file })).toThrow(
      'expected the JSON export of Label Studio, a list of tasks',
    );
    writeFileSync(file, JSON.stringify([task('0.png')]));
    expect(() => readLabelStudio({ dataset, file })).toThrow('expected submitted annotations of images of');
  });
});
