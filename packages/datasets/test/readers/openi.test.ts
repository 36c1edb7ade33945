import { join } from 'node:path';
import { readDataset } from '../../src/index.js';
import { folderWith } from '../temporary.js';

const report = (id: string, headings: string[], images: string[]): string =>
  `<?xml version="1.0" encoding="utf-8"?><eCitation><uId id="${id}"/><MedlineCitation><Article><Abstract>
  <AbstractText Label="FINDINGS">Text &amp; more.</AbstractText></Abstract></Article></MedlineCitation>
  <MeSH>${headings.map((one) => `<major>${one}</major>`).join('')}<automatic>heart</automatic></MeSH>
  ${images.map((image) => `<parentImage id="${image}"><caption>${image.endsWith('2') ? 'Lateral' : 'Xray Chest PA'}</caption></parentImage>`).join('')}</eCitation>`;

describe('readDataset(path) on Open-i', () => {
  it('reads headings, images and views from the reports', async () => {
    const folder = folderWith({
      'ecgen-radiology/1.xml': report('CXR1', ['normal'], ['CXR1_1']),
      'ecgen-radiology/2.xml': report(
        'CXR2',
        ['Cardiomegaly/borderline', 'Pulmonary Atelectasis/base', 'Spine'],
        ['CXR2_1', 'CXR2_2'],
      ),
      'ecgen-radiology/10.xml': report('CXR10', [], ['CXR10_1']),
      'NLMCXR_png/CXR2_2.png': '',
    });
    const {
      format,
      reason,
      samples,
      excluded,
      annotations: { labels, values: cells },
    } = await readDataset(folder);
    expect({ format, reason }).toEqual({ format: 'openi', reason: 'ecgen-radiology/1.xml is a report of Open-i' });
    const present = samples.map((_, i) => labels.filter((_label, at) => cells[i * labels.length + at] === 1));
    expect(present).toEqual([['No Finding'], ['Cardiomegaly', 'Atelectasis'], ['Cardiomegaly', 'Atelectasis']]);
    expect(samples.map(({ id, study, view }) => [id, study, view])).toEqual([
      ['CXR1_1', 'CXR1', 'PA'],
      ['CXR2_1', 'CXR2', 'PA'],
      ['CXR2_2', 'CXR2', 'Lateral'],
    ]);
    expect(samples[2].image).toBe(join(folder, 'NLMCXR_png/CXR2_2.png'));
    expect(excluded).toEqual([{ reason: 'their reports have no headings', images: 1 }]);
  });
  it('takes a view for what a caption says, and for unknown where it says both', async () => {
    const images = ['Chest AP portable', 'PA and lateral chest', 'Frontal view'].map(
      (caption, i) => `<parentImage id="i${i}"><caption>${caption}</caption></parentImage>`,
    );
    const text = `<eCitation><uId id="A"/><MeSH><major>normal</major></MeSH>${images.join('')}</eCitation>`;
    const { samples } = await readDataset(folderWith({ '1.xml': text }));
    expect(samples.map(({ view }) => view)).toEqual(['AP', undefined, 'FRONTAL']);
  });
  it('lists reports that are none, and expands no entities', async () => {
    const bomb = `<!DOCTYPE x [<!ENTITY a "lol">]><eCitation><uId id="B"/><MeSH><major>&a;</major></MeSH><parentImage id="b"/></eCitation>`;
    const folder = folderWith({
      '1.xml': report('CXR1', ['normal'], ['CXR1_1']),
      '2.xml': '<other/>',
      '3.xml': bomb,
    });
    const { badRows, samples } = await readDataset(folder, { maxBad: 0.5 });
    expect(badRows).toMatchObject([{ file: join(folder, '2.xml'), got: 'no <eCitation>' }]);
    expect(samples.map(({ id }) => id)).toEqual(['CXR1_1', 'b']);
  });
});
