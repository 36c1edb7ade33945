import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { compare, evaluateScores, readScoreFiles, type Predictions } from '../src/index.js';
import { itWithShared } from '@cxr-align/testkit';
import { planAblation, runFolder } from '@cxr-align/experiments';

const bin = fileURLToPath(new URL('../bin/cxr-align.js', import.meta.url));
const root = fileURLToPath(new URL('../../../', import.meta.url));

describe('the inputs that people meet', () => {
  itWithShared('cases', 'are each read by a test of their room', (path) => {
    const tests = ['packages', 'apps', 'tools'].flatMap((room) =>
      readdirSync(join(root, room)).flatMap((name) => testsBelow(join(root, room, name, 'test'))),
    );
    const text = tests.map((file) => readFileSync(file, 'utf8')).join('\n');
    const cases = readdirSync(path, { withFileTypes: true }).filter((one) => one.isDirectory());
    expect(cases.length).toBeGreaterThan(70);
    expect(cases.map(({ name }) => name).filter((name) => !text.includes(name))).toEqual([]);
  });
  itWithShared('cases/55-delong-perfect-a', 'four images do not tell two models apart', async (path) => {
    const read = async (folder: string): Promise<Predictions> => {
      const inCase = (name: string): string => join(folder, name);
      const files = await readScoreFiles({
        scores: inCase('scores.npy'),
        targets: inCase('targets.npy'),
        labels: inCase('labels.json'),
      });
      return evaluateScores({ ...files, resamples: 0 }).predictions;
    };
    const { labels, remarks } = compare(await read(path), await read(resolve(path, '../55-delong-perfect-b')));
    // Of the 2⁴ ways to exchange the two models' scores two are as extreme as this one.
    expect(labels[0]).toMatchObject({ difference: -0.5, p: 0.125 });
    expect(remarks.join('\n')).toContain('only 2 positives and 2 negatives');
  });
  itWithShared('cases/r04-terminal-escapes', 'names reach no terminal as commands', (path) => {
    for (const args of [
      ['data', 'describe', '--data', join(path, 'labels.csv')],
      ['graph', 'show', '--graph', join(path, 'graph.json')],
      ['graph', 'check', '--graph', join(path, 'graph.json'), '--data', join(path, 'labels.csv')],
    ]) {
      const { stdout, stderr } = spawnSync(process.execPath, [bin, ...args], { encoding: 'utf8' });
      expect(stdout).toContain('RED');
      // eslint-disable-next-line no-control-regex
      expect(stdout + stderr).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/);
    }
  });
  itWithShared('cases/r07-grid-names', 'names of configurations stay apart, and inside the folder', (path) => {
    for (const name of ['grid.yaml', 'grid2.yaml']) {
      // The word of this key has changed since.
      const grid = readFileSync(join(path, name), 'utf8').replace('splitter:', 'decoder:');
      const file = join(mkdtempSync(join(tmpdir(), 'grid-')), name);
      writeFileSync(file, grid);
      const folders = planAblation({ file, seeds: 1 }).runs.map((run) => runFolder(run));
      expect(new Set(folders).size).toBe(folders.length);
      for (const folder of folders) expect(resolve('/out', folder)).toMatch(/^\/out\/[^/]+\/seed-0$/);
    }
  });
});

function testsBelow(folder: string): string[] {
  try {
    return readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.test.ts'))
      .map((name) => join(folder, name));
  } catch {
    return [];
  }
}
