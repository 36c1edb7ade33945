import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { coverFiles, folderWriter, sealJson } from '@cxr-align/files';
import { madeUpData, quick } from '@cxr-align/testkit';
import {
  type OpenedDataset,
  type ProgressEvent,
  type RunIdentity,
  hasCheckpoint,
  newestCheckpoint,
  openDataset,
  use,
} from '@cxr-align/training';
import { ablate, type AblateOptions } from '../src/ablation/ablate-run.js';
import { planAblation, runFolder } from '../src/ablation/ablation-grid.js';

const place = mkdtempSync(join(tmpdir(), 'ablation-'));
const gridFile = (text: string): string => {
  const file = join(place, 'grid.yaml');
  writeFileSync(file, text);
  return file;
};
const small = 'baseline: plain\nconfigurations: { plain: { preset: linear }, tuned: { epochs: 3 } }';

describe('planAblation', () => {
  it("has the method's five configurations and every weighting in the default grid, three seeds each", () => {
    const plan = planAblation({ seeds: 3 });
    expect(plan.baseline).toBe('vision-only');
    expect(plan.configurations.slice(0, 5)).toEqual([
      'vision-only',
      'aligned',
      'no-contrastive',
      'no-orthogonal',
      'graph-only',
    ]);
    expect(plan.runs).toHaveLength(39);
    const weightings = new Set(plan.runs.map(({ config }) => config.weighting));
    expect(weightings.size).toBe(9);
    const [first] = plan.runs;
    expect(first.config).toMatchObject({ model: 'vision-only', weighting: 'uncertainty', seed: 0 });
  });
  it('crosses configurations, sizes and seeds, and lets --set win', () => {
    const file = gridFile(`${small}\ntrainCounts: [20, null]`);
    const plan = planAblation({ file, seeds: 2, set: ['epochs=1'] });
    expect(plan.runs).toHaveLength(8);
    expect(plan.runs.map(({ config }) => config.epochs)).toEqual(Array(8).fill(1));
    expect(new Set(plan.runs.map(runFolder)).size).toBe(8);
    expect(runFolder(plan.runs[0])).toBe('plain-20/seed-0');
  });
  it('keeps the folders of all names apart and inside', () => {
    const names = ['..', 'a b', 'a-b', 'a/b', 'v1.0', '肺炎'];
    const configurations = `{ ${names.map((name) => `"${name}": { preset: linear }`).join(', ')} }`;
    const { runs } = planAblation({ file: gridFile(`baseline: ".."\nconfigurations: ${configurations}`), seeds: 1 });
    const folders = runs.map(runFolder);
    expect(folders).toEqual(
      ['%2e%2e', 'a%20b', 'a-b', 'a%2fb', 'v1.0', '%e8%82%ba%e7%82%8e'].map((name) => `${name}/seed-0`),
    );
    const shared =
      'baseline: a\ntrainCounts: [20, null]\nconfigurations: { a: { preset: linear }, a-20: { preset: linear } }';
    expect(() => planAblation({ file: gridFile(shared), seeds: 1 })).toThrow('got a-20/seed-0 for both a and a-20');
  });
  it('takes keys with dots, as --set does', () => {
    const file = gridFile(
      'baseline: plain\nbase: { image.size: 32, image: { fit: pad } }\nconfigurations: { plain: { losses.graph: 0 }, own: { image.size: 16 } }',
    );
    const [plain, own] = planAblation({ file, seeds: 1 }).runs.map(({ config }) => config);
    expect(plain.image).toEqual({ size: 32, fit: 'pad', bits: 0 });
    expect(plain.losses.graph).toBe(0);
    expect(own.image).toEqual({ size: 16, fit: 'pad', bits: 0 });
  });
  it.each([
    ['configurations: { a: {} }', 'baseline'],
    ['baseline: b\nconfigurations: { a: {} }', 'expected the baseline to be one of a, got b'],
    ['baseline: a\nconfigurations: { a: { preset: x } }', 'expected a preset of aligned'],
    [
      'baseline: a\nconfigurations: { a: { epoch: 3 } }',
      'grid.yaml, configuration a: expected a key of the configuration',
    ],
    ['baseline: a\nconfigurations: { a: { epoch: 3 } }', 'got epoch; did you mean epochs?'],
    ['basline: a\nconfigurations: { a: {} }', 'got basline; did you mean baseline?'],
    ['baseline: a\nconfigurations: { a: {} }\nseeds: 3', 'seeds'],
    ['{', 'expected YAML or JSON'],
  ])('refuses %j', (text, message) => {
    expect(() => planAblation({ file: gridFile(text), seeds: 1 })).toThrow(message);
  });
});

describe('ablate(options)', () => {
  const out = join(place, 'out');
  const grid = (epochs: number, holdOut: string): string =>
    gridFile(
      `{ base: ${JSON.stringify({ ...quick, model: 'linear', bootstrap: 0, epochs })}, baseline: plain, configurations: { plain: {}, other: { holdOut: [${holdOut}], model: ${holdOut ? 'aligned' : 'linear'} } } }`,
    );
  let data: OpenedDataset;
  const request = (file: string): AblateOptions => ({
    plan: planAblation({ file, seeds: 1 }),
    data,
    out,
    engine: 'wasm',
    jobs: 2,
    resamples: 20,
  });
  beforeAll(async () => {
    data = await openDataset(await madeUpData(36));
  });

  it('trains what is missing in processes, names the runs that failed, and resumes', async () => {
    const begun: string[] = [];
    const on = { progress: ({ note }: ProgressEvent) => void (note && begun.push(note)) };
    await expect(ablate({ ...request(grid(1, 'Nonsense')), on })).rejects.toThrow(
      /1 of 2 runs failed[\s\S]*other\/seed-0: expected labels of the data to hold out/,
    );
    expect(begun.sort()).toEqual(['other/seed-0', 'plain/seed-0']);
    begun.length = 0;
    const summary = await ablate({ ...request(grid(1, '')), on });
    expect(begun).toEqual(['other/seed-0']);
    expect(summary.rows.map(({ difference }) => difference)).toEqual([null, 0]);
    begun.length = 0;
    await ablate({ ...request(grid(1, '')), on });
    expect(begun).toEqual([]);
  });
  it('refuses a folder with runs of another grid, another data set or another split', async () => {
    await expect(ablate(request(grid(2, '')))).rejects.toThrow('another configuration; use another folder');
    const { dataset } = data;
    const values = dataset.annotations.values.map((value, i) => (i < 4 ? 1 - value : value));
    const other = { ...data, dataset: { ...dataset, annotations: { ...dataset.annotations, values } } };
    await expect(ablate({ ...request(grid(1, '')), data: other })).rejects.toThrow(
      'expected a run on these data, got one on others: now other labels of 1 image (the first is 0.png)',
    );
    // Of other images: as if one had been replaced between two runs.
    const identity = readFileSync(join(out, 'other', 'seed-0', 'identity.json'), 'utf8');
    const changeIdentity = (change: (identity: RunIdentity) => void): void => {
      const { sha256: _, ...content } = JSON.parse(identity);
      change(content);
      writeFileSync(join(out, 'other', 'seed-0', 'identity.json'), sealJson(content));
      coverFiles(join(out, 'other', 'seed-0'), ['identity.json']);
    };
    changeIdentity(({ data: { contents } }) => void (contents.rows = contents.rows.replace(/^..../, 'AQID')));
    await expect(ablate(request(grid(1, '')))).rejects.toThrow('got other contents of 1 of them than in');
    changeIdentity(({ code }) => void (code['@cxr-align/losses'] = '0.0.1'));
    await expect(ablate(request(grid(1, '')))).rejects.toThrow(
      'expected a run of this code, got one of another: now @cxr-align/losses "0.1.0" instead of "0.0.1"',
    );
    changeIdentity(() => {});
    // The processes read the table themselves.
    await expect(ablate({ ...request(grid(1, '')), out: join(place, 'changed'), data: other })).rejects.toThrow(
      'expected the data as they were when the ablation started, got other labels',
    );
    await expect(ablate({ ...request(grid(1, '')), split: 'test' })).rejects.toThrow(
      'expected a run that is evaluated on test, got one on val',
    );
  });
  it('lets its processes write a checkpoint each where one is asked for, and go on; and stops them, with a checkpoint each, before it ends when the signal aborts', async () => {
    const stop = new AbortController();
    const asked = new Set<string>();
    let isAsked = false;
    const slow: AblateOptions = {
      ...request(grid(400, '')),
      out: join(place, 'aborted'),
      signal: stop.signal,
      checkpointWhen: () => !isAsked && (isAsked = runs.every((run) => hasCheckpoint(run))),
      on: {
        remark: (text) => {
          const [, folder] = /^(.*): checkpoint after step \d+ of 800: .*safetensors$/.exec(text) ?? [];
          if (folder !== undefined) asked.add(folder);
          if (asked.size === 2) stop.abort(new Error('stopped'));
        },
      },
    };
    const runs = slow.plan.runs.map((run) => join(slow.out, runFolder(run)));
    await expect(ablate(slow)).rejects.toThrow('stopped');
    const steps = runs.map((run) => newestCheckpoint(run)!.state.optimizerStep);
    for (const step of steps) expect(step).toBeLessThan(400);
    await setTimeout(300);
    expect(runs.map((run) => newestCheckpoint(run)!.state.optimizerStep)).toEqual(steps);
  });
  it('leaves no training behind when it is killed, and waits for those that have not noticed', async () => {
    const folder = join(place, 'killed');
    const slow = grid(4000, '');
    const built = (name: string) => JSON.stringify(new URL(`../../${name}/dist/index.js`, import.meta.url).href);
    const code = `
      import { ablate, planAblation } from ${built('experiments')};
      import { openDataset } from ${built('training')};
      const data = await openDataset(${JSON.stringify(data.path)});
      const plan = planAblation({ file: ${JSON.stringify(slow)}, seeds: 1 });
      await ablate({ plan, data, out: ${JSON.stringify(folder)}, engine: 'wasm', jobs: 2, resamples: 20 });`;
    const script = join(place, 'killed.mjs');
    writeFileSync(script, code);
    const parent = spawn(process.execPath, [script], { stdio: 'inherit' });
    const folders = ['plain', 'other'].map((name) => join(folder, name, 'seed-0'));
    const writers = () => folders.flatMap((one) => folderWriter(one) ?? []);
    while (writers().length < 2 && parent.exitCode === null) await setTimeout(100);
    const pids = writers().map(({ pid }) => pid);
    const remarks: string[] = [];
    const again = () =>
      ablate({
        ...request(slow),
        out: folder,
        signal: AbortSignal.timeout(4000),
        on: { remark: (text) => remarks.push(text) },
      });
    await expect(again()).rejects.toThrow(`that ablate writes to (process ${parent.pid}`);
    // One that is busy and does not notice at once.
    process.kill(pids[0], 'SIGSTOP');
    parent.kill('SIGKILL');
    await once(parent, 'close');
    void setTimeout(1500).then(() => process.kill(pids[0], 'SIGCONT'));
    await expect(again()).rejects.toThrow(/timeout|aborted/i);
    expect(remarks.join()).toContain(
      `waiting for a training that is left of an earlier ablation (process ${pids[0]} on`,
    );
    while (writers().length > 0) await setTimeout(100);
    expect(pids.filter((pid) => existsSync(`/proc/${pid}`))).toEqual([]);
  });
  it('names the plug-ins that its processes cannot load', async () => {
    await use({ name: 'without a file', register: () => {} });
    const remarks: string[] = [];
    await ablate({ ...request(grid(1, '')), on: { remark: (text) => remarks.push(text) } });
    expect(remarks.join()).toContain('cannot load the plug-ins without a file, which have no file');
  });
  it('refuses options that it does not have, and numbers out of range', async () => {
    await expect(ablate({ ...request(grid(1, '')), job: 2 } as AblateOptions)).rejects.toThrow('did you mean jobs?');
    await expect(ablate({ ...request(grid(1, '')), jobs: 0 })).rejects.toThrow('expected jobs to be a whole number');
  });
});
