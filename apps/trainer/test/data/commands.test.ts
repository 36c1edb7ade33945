import { existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InputError } from '@cxr-align/files';
import { itWithShared, madeUpData, startCommand } from '@cxr-align/testkit';
import { compare } from '../../src/commands/data/compare.js';
import { init } from '../../src/commands/data/init.js';
import { balance, exportLabels, filter, merge, split } from '../../src/commands/data/shape.js';

const place = mkdtempSync(join(tmpdir(), 'data-command-'));
const runCommand = startCommand(place);
const cxrAlign = (...args: string[]) => runCommand(['data', ...args]);

function json(...args: string[]): Record<string, unknown> & { [key: string]: never } {
  const { code, out, err } = cxrAlign(...args, '--json');
  expect({ args, code, err: code === 0 ? '' : err }).toEqual({ args, code: 0, err: '' });
  return JSON.parse(out);
}

/** The command refuses with exit code 2, a text that helps, and no stack trace. */
function expectRefusal(args: string[], message: string): void {
  const { code, err } = cxrAlign(...args);
  expect({ args, code, err }).toEqual({ args, code: 2, err: expect.stringContaining(message) });
  expect(err).not.toMatch(/\n\s+at /);
}

/** What is refused is asked of the functions behind the command: a process each would take a second. */
async function refuses(work: Promise<void>, message: string): Promise<void> {
  await expect(work).rejects.toThrow(InputError);
  await expect(work).rejects.toThrow(message);
}

const read = { json: true, format: 'auto', maxBad: 0.01, onePerStudy: false, allowPatientOverlap: false };
const shaping = { ...read, as: 'csv' as const, seed: 0 };

describe('cxr-align data', () => {
  let data: string;
  beforeAll(async () => {
    data = await madeUpData(60);
  });
  it('describes a set in words, as JSON and as a page', () => {
    const { code, out } = cxrAlign('describe', '--data', data, '--check-images', '--html', 'd.html');
    expect(code).toBe(0);
    for (const text of ['60 images of', 'A/B → A', 'u-ignore', 'every one of 60 images can be read', 'page: d.html'])
      expect(out).toContain(text);
    const page = readFileSync(join(place, 'd.html'), 'utf8');
    for (const text of ['<h2>Labels</h2>', '<h2>Hierarchy</h2>', '<h2>Images</h2>', '<svg'])
      expect(page).toContain(text);
    expect(page.replace(/<script>.*?<\/script>/s, '')).not.toMatch(/NaN|undefined|\[object/);
    expect(json('describe', '--data', data)).toMatchObject({
      rows: 60,
      images: null,
      splits: { train: { images: 40 }, val: { images: 10 }, test: { images: 10 } },
      hierarchy: [
        { child: 'A/B', parent: 'A' },
        { child: 'A/C', parent: 'A' },
      ],
    });
  });
  itWithShared('data/labels/expected.json', 'has the keys and numbers of the reference', (file) => {
    const { chexpert, nih } = JSON.parse(readFileSync(file, 'utf8'));
    const folder = join(file, '..');
    const found = json('describe', '--data', join(folder, 'chexpert-train-labels.csv.gz'));
    for (const key of Object.keys(chexpert)) if (key !== 'otherValues') expect(Object.keys(found)).toContain(key);
    for (const key of [
      'rows',
      'patients',
      'studies',
      'labels',
      'counts',
      'cooccurrencePositive',
      'frontalLateral',
      'apPa',
    ])
      expect(found[key]).toEqual(chexpert[key]);
    const wanted = new Map((chexpert.hierarchy as { child: string }[]).map((edge) => [edge.child, edge]));
    const edges = found.hierarchy as { child: string; parent: string }[];
    for (const edge of edges) if (wanted.has(edge.child)) expect(edge).toEqual(wanted.get(edge.child));
    const other = json('describe', '--data', join(folder, 'nih-data-entry.csv.gz'));
    for (const key of Object.keys(nih)) expect(Object.keys(other)).toContain(key);
    expect(other.distinctFindingStrings).toBe(nih.distinctFindingStrings);
    expect(other.noFinding).toBe(nih.noFinding);
  });
  it('compares two splits of a set, and two sets', async () => {
    const found = json('compare', data, '--splits', 'train,test', '--check-images', '--html', 'c.html');
    expect(found).toMatchObject({
      a: { rows: 40 },
      b: { rows: 10 },
      shared: { images: 0, patients: 0, sameBytes: 0 },
      onlyA: [],
    });
    expect(Object.keys(found.labels)).toEqual(['A', 'A/B', 'A/C', 'D']);
    expect(readFileSync(join(place, 'c.html'), 'utf8')).toContain('Share of images with the labels');
    expect(cxrAlign('compare', data, data).out).toContain('60 images by name');
    const ask = { ...read, sets: [data], graph: 'auto', graphB: 'auto', checkImages: false };
    expectRefusal(['compare', data], 'expected two data sets, or one and --splits');
    await refuses(compare({ ...ask, splits: 'train' }), 'expected --splits such as train,test');
    await refuses(compare({ ...ask, splits: 'train,later' }), 'expected a split of train, val, test, got later');
  });
  it('splits, filters, balances and merges; what it writes is read again', async () => {
    const { out: said } = cxrAlign(
      'split',
      '--data',
      data,
      '--out',
      'split',
      '--val',
      '0.2',
      '--test',
      '0.3',
      '--seed',
      '4',
    );
    expect(said).toContain('split/dataset.yaml: 60 images');
    expect(json('describe', '--data', 'split', '--check-images')).toMatchObject({
      format: 'mapping',
      rows: 60,
      patientsInSeveralSplits: 0,
      unreadableImages: [],
      splits: { train: { images: 30 }, val: { images: 12 }, test: { images: 18 } },
    });
    const kept = json('split', '--data', data, '--out', 'kept', '--keep-test', '--val', '0.25', '--as', 'parquet');
    expect(kept.splits).toMatchObject({ test: 10 });
    const filtered = json('filter', '--data', 'kept', '--has', 'A', '--out', 'filtered');
    expect(filtered.images).toBeLessThan(40);
    writeFileSync(join(place, 'graph.yaml'), 'labels: [A, { name: A/B, parents: [A] }, D]\n');
    // Sets of one name would be told apart by nothing.
    const text = readFileSync(join(place, 'filtered/dataset.yaml'), 'utf8');
    writeFileSync(join(place, 'filtered/dataset.yaml'), text.replace(/name: .*/, 'name: filtered'));
    const merged = json('merge', 'split', 'filtered', '--graph', 'graph.yaml', '--out', 'merged');
    expect(merged.images).toBe(60 + (filtered.images as number));
    const balanced = json(
      'balance',
      '--data',
      'merged',
      '--label',
      'D',
      '--by',
      'source',
      '--prevalence',
      '0.2',
      '--out',
      'even',
    );
    expect(balanced).toMatchObject({ label: 'D', prevalence: 0.2 });
    const out = join(place, 'x');
    const ask = { ...shaping, data, out };
    const shares = { val: 0.1, test: 0.2, keepTest: false };
    expectRefusal(['split', '--data', data, '--out', 'split'], 'expected a new or empty folder, got');
    await refuses(split({ ...ask, ...shares, val: 0.6, test: 0.5 }), 'of less than 1 together');
    await refuses(filter({ ...ask, count: 0 }), 'a whole number of 1 or more');
    await refuses(
      merge({ ...shaping, out, sets: [data], graph: 'chexpert-14' }),
      'expected two or more data sets, got 1',
    );
    const even = { ...ask, sameSize: false, by: ['source' as const] };
    await refuses(balance({ ...even, label: 'Z' }), 'expected a label of A');
    const hasNone = { ...even, label: 'D', data: join(place, 'no D') };
    expect(cxrAlign('filter', '--data', data, '--lacks', 'D', '--out', 'no D').code).toBe(0);
    await refuses(balance(hasNone), 'a prevalence between 0 and 1');
    expect(existsSync(join(place, 'x'))).toBe(false);
  });
  it('exports cells and targets', async () => {
    expect(json('export', '--data', data, '--out', 'cells.csv')).toMatchObject({ rows: 60 });
    expect(readFileSync(join(place, 'cells.csv'), 'utf8').split('\n')[0]).toBe(
      'image,patientId,study,sex,age,view,split,A,A/B,A/C,D',
    );
    expect(json('export', '--data', data, '--out', 'targets.parquet', '--label-policy', 'u-ones')).toMatchObject({
      rows: 60,
    });
    const ask = { ...shaping, data, graph: 'auto', force: false };
    await refuses(exportLabels({ ...ask, out: join(place, 'cells.csv') }), 'which exists; add --force');
    await refuses(exportLabels({ ...ask, out: 'cells.txt' }), 'expected --out to end in .csv or .parquet');
    const estimated = { ...ask, out: 'y.csv', labelPolicy: 'u-self-trained' };
    await refuses(exportLabels(estimated), 'expected a label policy of');
  });
  it('drafts a mapping for a table that no reader knows, by which it is read', async () => {
    const folder = join(place, 'own');
    mkdirSync(folder);
    writeFileSync(join(folder, 't.csv'), 'Datei;Patient;Herz\n'.replaceAll(';', ',') + 'a.png,1,yes\nb.png,2,no\n');
    expectRefusal(['describe', '--data', folder], 'describe a table of another kind in a mapping (dataset.yaml)');
    expect(cxrAlign('init', '--data', join(folder, 't.csv')).out).toContain('Herz: label (yes, no)');
    expect(json('describe', '--data', folder)).toMatchObject({
      rows: 2,
      patients: 2,
      counts: { Herz: { 1: 1, 0: 1 } },
    });
    await refuses(init({ json: true, data: join(folder, 't.csv') }), 'which exists; edit it');
  });
});
