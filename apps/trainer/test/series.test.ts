import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { madeUpData } from '@cxr-align/testkit';

const bin = fileURLToPath(new URL('../bin/cxr-align.js', import.meta.url));
const place = mkdtempSync(join(tmpdir(), 'series-'));
let data: string;

/** Runs the built command to its end, which has to be a good one. */
function cxrAlign(...args: string[]): { out: string; err: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [bin, ...args], { encoding: 'utf8', cwd: place });
  expect({ status, err: status === 0 ? '' : stderr }).toEqual({ status: 0, err: '' });
  return { out: stdout, err: stderr };
}
const read = (...parts: string[]): string => readFileSync(join(place, ...parts), 'utf8');
const json = (...parts: string[]): ReturnType<typeof JSON.parse> => JSON.parse(read(...parts));
const small = [
  ...['--engine', 'wasm', '--jobs', '1'],
  ...['batchSize=16', 'bootstrap=0', 'image.size=16', 'schedule=constant'].flatMap((one) => ['--set', one]),
];

beforeAll(async () => {
  data = await madeUpData(36);
});
afterAll(() => rmSync(place, { recursive: true }));

describe('cxr-align train --seeds', () => {
  it('trains a run with each seed, and writes a table, a summary and a page with a link to each run', () => {
    const { out } = cxrAlign(
      'train',
      '--data',
      data,
      '--out',
      'seeds',
      '--model',
      'linear',
      '--epochs',
      '1',
      '--seeds',
      '3,1',
      ...small,
    );
    expect(out).toMatch(/^macro +[01]\.\d{3} +± 0\.\d{3} +[01]\.\d{3}–[01]\.\d{3}/m);
    expect(out).toContain('report: seeds/report.html');
    const { runs, macro } = json('seeds', 'summary.json');
    expect(runs.map(({ seed }: { seed: number }) => seed)).toEqual([3, 1]);
    const page = read('seeds', 'report.html');
    expect(page).toContain(`Macro AUROC ${macro.auroc.mean.toFixed(3)} ± ${macro.auroc.sd.toFixed(3)}`);
    for (const seed of [1, 3]) {
      expect(page).toContain(`<a href="seed-${seed}/report.html">seed ${seed}</a>`);
      expect(existsSync(join(place, 'seeds', `seed-${seed}`, 'report.html'))).toBe(true);
    }
  });
});

describe('cxr-align train --shots', () => {
  const few = (...more: string[]): string[] => [
    ...['train', '--data', data, '--out', 'shots', '--model', 'linear', '--epochs', '1', '--shots', '2'],
    ...[...small, ...more],
  ];
  it('trains a run on each draw, and writes a table, a summary and a page of each run', () => {
    const { out } = cxrAlign(...few('--draws', '2', '--set', 'bootstrap=20'));
    expect(out).toMatch(/^macro +[01]\.\d{3} +± 0\.\d{3} +\[[01]\.\d{3}, [01]\.\d{3}\]/m);
    expect(out).toMatch(/^D +2 \+ 2 +\d\/6 /m);
    const { out: printed } = cxrAlign(...few('--draws', '2', '--set', 'bootstrap=20', '--json'));
    expect(JSON.parse(printed)).toEqual({ run: 'shots', ...json('shots', 'summary.json') });
    for (const draw of [1, 2]) expect(existsSync(join(place, 'shots', `draw-${draw}`, 'report.html'))).toBe(true);
  });
  it('refuses flags that do not go with it', () => {
    const refused = (...args: string[]): string => {
      const { status, stderr } = spawnSync(process.execPath, [bin, ...args], { encoding: 'utf8', cwd: place });
      expect(status).toBe(2);
      return stderr;
    };
    expect(refused(...few('--folds', '2'))).toContain(
      'expected one of --seeds, --folds and --shots, got --folds and --shots',
    );
    expect(refused(...few('--train-count', '5'))).toContain('expected --shots, --train-count or --train-fraction');
    expect(refused('train', '--data', data, '--out', 'no', '--draws', '2')).toContain('expected --draws with --shots');
  });
});

describe('cxr-align tune', () => {
  it('searches at random, and writes a table, the trials, the best configuration and a page', () => {
    const search = ['--set', 'learningRate=1e-4..1e-1', '--set', 'decoder=dense,query', '--trials', '2', '--no-test'];
    const { out } = cxrAlign(
      'tune',
      '--data',
      data,
      '--out',
      'random',
      '--preset',
      'linear',
      '--epochs',
      '1',
      ...search,
      ...small,
    );
    const [header, ...lines] = out.split('\n');
    expect(header).toMatch(/^trial +epochs +validation +decoder +learningRate$/);
    expect(lines.slice(0, 2).every((line) => /^[12] +1 +[01]\.\d{3} +(dense|query) +0\.\d+$/.test(line))).toBe(true);
    const { best, test, halving } = json('random', 'trials.json');
    expect([test, halving]).toEqual([null, null]);
    expect(json('random', 'best.json').learningRate).toBe(best.settings.learningRate);
    const page = read('random', 'report.html');
    for (const trial of ['trial-001', 'trial-002']) {
      expect(page).toContain(`href="${trial}/report.html"`);
      expect(existsSync(join(place, 'random', trial, 'report.html'))).toBe(true);
    }
  });
  it('halves a search: the worst trials stop early, and the table and the page say so', () => {
    const search = [
      '--set',
      'learningRate=1e-4,1e-2',
      '--halving',
      '--rungs',
      '1,2',
      '--reduction',
      '2',
      '--trials',
      '2',
    ];
    const { out } = cxrAlign(
      'tune',
      '--data',
      data,
      '--out',
      'halved',
      '--preset',
      'linear',
      '--epochs',
      '2',
      ...search,
      ...small,
    );
    expect(out).toMatch(/^[12] +2 +[01]\.\d{3} +(0\.01|0\.0001)$/m);
    expect(out).toContain('after 1 epoch the best 1 in 2 went on');
    expect(out).toMatch(/on test, evaluated once: macro AUROC [01]\.\d{3}/);
    const { trials, best } = json('halved', 'trials.json');
    const rungs = Object.fromEntries(
      trials.map(({ trial, rungs: own }: { trial: number; rungs: object[] }) => [trial, own.length]),
    );
    expect(rungs).toEqual({ [best.trial]: 2, [3 - best.trial]: 1 });
    expect(read('halved', 'report.html')).toContain('stopped after 1 epoch<');
  });
});

describe('cxr-align ablate', () => {
  it('writes checkpoints on SIGUSR1 in the middle of an epoch, and goes on', async () => {
    writeFileSync(
      join(place, 'grid.json'),
      '{ "baseline": "a", "configurations": { "a": { "model": "linear" }, "b": { "model": "linear", "learningRate": 0.01 } } }',
    );
    const ablate = (out: string): string[] => [
      ...['ablate', '--data', data, '--out', out, '--grid', 'grid.json', '--seeds', '1', '--epochs', '8'],
      ...['--resamples', '20', ...small],
    ];
    const child = spawn(process.execPath, [bin, ...ablate('ablated')], {
      cwd: place,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let err = '';
    child.stderr.on('data', (part: Buffer) => (err += part.toString()));
    const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
    const checkpoints = join(place, 'ablated', 'a', 'seed-0', 'checkpoints');
    for (let waited = 0; !existsSync(checkpoints) && waited < 30_000; waited += 10) await setTimeout(10);
    child.kill('SIGUSR1');
    const code = await ended;
    expect({ code, err }).toEqual({ code: 0, err: expect.stringMatching(/checkpoint after step \d+ of \d+/) });
    cxrAlign(...ablate('straight'));
    expect(read('ablated', 'summary.json')).toBe(read('straight', 'summary.json'));
  });
});

describe('cxr-align evaluate --resamples', () => {
  it('is obeyed for a run: its intervals are of as many resamples', () => {
    const { out } = cxrAlign(
      'evaluate',
      '--run',
      join('seeds', 'seed-1'),
      '--data',
      data,
      '--resamples',
      '30',
      '--json',
    );
    expect(JSON.parse(out).intervals).toMatch(/^95 %, 30 bootstrap resamples/);
  });
});
