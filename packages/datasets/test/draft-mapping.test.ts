import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { draftMapping, readDataset } from '../src/index.js';
import { folderWith } from './temporary.js';

describe('draftMapping(file)', () => {
  it('takes columns for what their names and cells say, and its draft reads the table', async () => {
    const folder = folderWith({
      't.csv': [
        'Bild,Patient ID,Gender,Age,Edema,Effusion,Comment',
        'a.png,7,F,60,1,yes,fine',
        'b.png,8,M,50,0,No,worse',
        'c.png,8,M,50,,n/a,same',
      ].join('\n'),
    });
    const { yaml, columns } = await draftMapping(join(folder, 't.csv'));
    expect(columns.map(({ column, role }) => [column, role])).toEqual([
      ['Bild', 'image'],
      ['Patient ID', 'patient'],
      ['Gender', 'sex'],
      ['Age', 'age'],
      ['Edema', 'label'],
      ['Effusion', 'label'],
      ['Comment', 'unknown'],
    ]);
    expect(yaml).toContain('# not used: "Comment" (fine, worse, same)');
    writeFileSync(join(folder, 'dataset.yaml'), yaml);
    const {
      samples,
      annotations: { labels, values: cells },
    } = await readDataset(folder);
    expect(labels).toEqual(['Edema', 'Effusion']);
    expect([...cells]).toEqual([1, 1, 0, 0, NaN, NaN]);
    expect(samples[1]).toMatchObject({ id: 'b.png', patient: '8', sex: 'M', age: 50 });
  });
  it('drafts a column that lists findings, and warns where no patient is told', async () => {
    const folder = folderWith({ 't.csv': 'image,finding_labels\na.png,Edema|Mass\nb.png,No Finding\nc.png,Mass\n' });
    const { yaml } = await draftMapping(join(folder, 't.csv'));
    expect(yaml).toContain('warning: no column of patients was found');
    writeFileSync(join(folder, 'dataset.yaml'), yaml);
    const {
      annotations: { labels, values: cells },
    } = await readDataset(folder);
    expect(labels).toEqual(['Edema', 'Mass']);
    expect([...cells]).toEqual([1, 1, 0, 0, 0, 1]);
  });
  it('says where the images are that lie in images/ beside the table', async () => {
    const folder = folderWith({ 't.csv': 'image,A\n1.png,1\n2.png,0\n', 'images/1.png': '' });
    const { yaml } = await draftMapping(join(folder, 't.csv'));
    expect(yaml).toContain('images: images\n');
    writeFileSync(join(folder, 'dataset.yaml'), yaml);
    expect((await readDataset(folder)).samples[0].image).toBe(join(folder, 'images/1.png'));
    const named = folderWith({ 't.csv': 'image,A\nimages/1.png,1\nimages/2.png,0\n', 'images/1.png': '' });
    expect((await draftMapping(join(named, 't.csv'))).yaml).not.toMatch(/^images: images$/m);
  });
  it('refuses a table without images or labels', async () => {
    const folder = folderWith({ 'a.csv': 'x,y\n1,0\n', 'b.csv': 'image,note\na.png,hello\n' });
    await expect(draftMapping(join(folder, 'a.csv'))).rejects.toThrow('expected a column of image names');
    await expect(draftMapping(join(folder, 'b.csv'))).rejects.toThrow('expected a column of 1 and 0');
  });
});
