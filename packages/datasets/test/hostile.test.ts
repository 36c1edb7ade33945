import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InputError } from '@cxr-align/files';
import { openTable, readDataset, writeLabels } from '../src/index.js';

const place = mkdtempSync(join(tmpdir(), 'hostile-'));
afterAll(() => rmSync(place, { recursive: true, force: true }));
let count = 0;
const folderOf = (files: Record<string, string>): string => {
  const folder = join(place, String(count++));
  mkdirSync(join(folder, 'images'), { recursive: true });
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  return folder;
};
const mapping = (table: string, more = ''): string => `table: ${table}\nimage: image\nlabels: [Edema]\n${more}`;
const table = 'image,Edema\na.png,1\nb.png,0\n';

describe('a mapping that leads out of its folder', () => {
  it.each(['../../../../etc/passwd', '/etc/passwd', '../labels.csv', 'x/../../labels.csv'])(
    'is refused: %s',
    async (name) => {
      const read = readDataset(folderOf({ 'dataset.yaml': mapping(name) }));
      await expect(read).rejects.toThrow(InputError);
      await expect(read).rejects.toThrow('dataset.yaml, column table: expected a path inside the data folder');
    },
  );
  it('is refused by a link, too, for its table and its graph', async () => {
    const linked = folderOf({ 'dataset.yaml': mapping('passwd.csv') });
    symlinkSync('/etc/passwd', join(linked, 'passwd.csv'));
    await expect(readDataset(linked)).rejects.toThrow('a link that leads out of it; copy the file into the folder');
    const graph = folderOf({ 'dataset.yaml': mapping('t.csv', 'graph: g.json\n'), 't.csv': table });
    symlinkSync('/etc/hostname', join(graph, 'g.json'));
    await expect(readDataset(graph)).rejects.toThrow('column graph: expected a file inside the data folder');
  });
  it('may lie in a folder that is a link itself', async () => {
    const folder = folderOf({ 'dataset.yaml': mapping('t.csv'), 't.csv': table });
    symlinkSync(folder, `${folder}-link`);
    expect((await readDataset(`${folder}-link`)).samples).toHaveLength(2);
  });
  it('images that lead out make their rows bad', async () => {
    const folder = folderOf({ 'labels.csv': 'image,Edema\n../../x.png,1\n/etc/passwd,0\na.png,1\nb.png,0\n' });
    const { samples, badRows } = await readDataset(folder, { maxBad: 1 });
    expect(samples.map(({ id }) => id)).toEqual(['a.png', 'b.png']);
    expect(badRows.map(({ expected }) => expected)).toEqual(Array(2).fill('a relative path inside the data folder'));
  });
});

describe('names that every object has', () => {
  it('are read as labels, columns, patients and images', async () => {
    const folder = folderOf({
      'labels.csv':
        'image,patientId,sex,constructor,hasOwnProperty,toString\n__proto__,__proto__,F,1,0,1\nvalueOf,constructor,M,0,1,\n',
    });
    const { samples, annotations } = await readDataset(folder);
    expect(annotations.labels).toEqual(['constructor', 'hasOwnProperty', 'toString']);
    expect(samples.map(({ id, patient }) => [id, patient])).toEqual([
      ['__proto__', '__proto__'],
      ['valueOf', 'constructor'],
    ]);
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });
  it('__proto__ is a label like any other', async () => {
    const folder = folderOf({ 'labels.csv': 'image,__proto__\na.png,1\nb.png,0\n' });
    const { annotations } = await readDataset(folder);
    expect([annotations.labels, [...annotations.values]]).toEqual([['__proto__'], [1, 0]]);
  });
});

describe('tables that are too wide', () => {
  it('of 20,000 labels are refused', async () => {
    const labels = Array.from({ length: 20_000 }, (_, i) => `L${i}`);
    const row = labels.map((_, i) => i % 2);
    const folder = folderOf({
      'labels.csv': `image,${labels}\na.png,${row}\nb.png,${row.map((value) => 1 - value)}\n`,
    });
    await expect(readDataset(folder)).rejects.toThrow(`${folder}: expected at most 2000 labels, got 20000`);
  });
});

describe('tables that are written', () => {
  it('hold no formula for a spreadsheet, and are read as they were', async () => {
    const ids = ['=1+1.png', '+a.png', '-b.png', '@c.png'];
    const folder = folderOf({
      'labels.csv': `image,patientId,"=HYPERLINK(""http://evil"")"\n${ids.map((id, i) => `${id},=p${i},${i % 2}`).join('\n')}\n`,
    });
    const dataset = await readDataset(folder);
    const out = join(place, 'out');
    writeLabels(out, dataset);
    const { header, each } = await openTable(join(out, 'labels.csv'));
    expect(header.at(-1)).toBe('=HYPERLINK("http://evil")');
    const text = readFileSync(join(out, 'labels.csv'), 'utf8');
    expect(
      text
        .split('\n')
        .flatMap((line) => line.split(','))
        .filter((cell) => /^"?[=+@]|^"?-\D/.test(cell)),
    ).toEqual([]);
    const rows: string[][] = [];
    await each((cells) => rows.push(cells));
    expect(rows.map((cells) => cells[0])).toEqual(ids);
    const again = await readDataset(out);
    expect(again.samples.map(({ id, patient }) => [id, patient])).toEqual(
      dataset.samples.map(({ id, patient }) => [id, patient]),
    );
    expect(again.annotations.labels).toEqual(dataset.annotations.labels);
  });
});
