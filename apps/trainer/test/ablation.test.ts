import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RandomStream } from '@cxr-align/random';
import { ablate } from '../src/ablation/ablate-run.js';
import { planAblation, runFolder } from '../src/ablation/ablation-grid.js';
import { ablationCells, ablationLead, summarizeAblation, type FinishedRun } from '../src/ablation/ablation-summary.js';
import type { Predictions } from '../src/evaluation/predictions.js';
import { writePredictions } from '../src/evaluation/predictions-file.js';
import { silentProgress } from '../src/progress.js';

const place = mkdtempSync(join(tmpdir(), 'ablation-'));
const gridFile = (text: string): string => {
  const file = join(place, 'grid.yaml');
  writeFileSync(file, text);
  return file;
};
const small = 'baseline: plain\nconfigurations: { plain: { preset: linear }, tuned: { epochs: 3 } }';

/** Predictions of a model that tells the classes apart by `skill`. */
function made(skill: number, seed: number): Predictions {
  const truth = new RandomStream({ seed: 1, purpose: 'truth' });
  const noise = new RandomStream({ seed, purpose: 'noise' });
  const targets = Float32Array.from({ length: 2 * 160 }, () => (truth.chance(0.4) ? 1 : 0));
  return {
    labels: ['a', 'b'],
    targets,
    probabilities: targets.map((target) => 1 / (1 + Math.exp(-(skill * (2 * target - 1) + noise.normal())))),
    samples: Array.from({ length: 160 }, (_, i) => ({ id: `s${i}`, patient: `p${i >> 1}`, split: 'test' })),
  };
}

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
  it.each([
    ['configurations: { a: {} }', 'baseline'],
    ['baseline: b\nconfigurations: { a: {} }', 'expected the baseline to be one of a, got b'],
    ['baseline: a\nconfigurations: { a: { preset: x } }', 'expected a preset of aligned'],
    ['baseline: a\nconfigurations: { a: { epoch: 3 } }', 'epoch'],
    ['baseline: a\nconfigurations: { a: {} }\nseeds: 3', 'seeds'],
    ['{', 'expected JSON or YAML'],
  ])('refuses %j', (text, message) => {
    expect(() => planAblation({ file: gridFile(text), seeds: 1 })).toThrow(message);
  });
});

describe('summarizeAblation', () => {
  const plan = planAblation({ file: gridFile(`${small.replace('tuned', 'alike: { epochs: 2 }, tuned')}`), seeds: 3 });
  const skill: Record<string, number> = { plain: 0.3, alike: 0.3, tuned: 1.5 };
  const finished = plan.runs.map((run): FinishedRun => ({
    run,
    predictions: made(skill[run.configuration], 10 * Object.keys(skill).indexOf(run.configuration) + run.seed),
  }));
  const summary = summarizeAblation('made up', plan, finished, 400);
  it('says of each configuration whether the data support a difference', () => {
    const verdicts = Object.fromEntries(summary.rows.map(({ configuration, verdict }) => [configuration, verdict]));
    expect(verdicts).toEqual({ plain: 'baseline', alike: 'no difference supported', tuned: 'better' });
    const tuned = summary.rows.find(({ configuration }) => configuration === 'tuned')!;
    expect(tuned.difference).toBeGreaterThan(0.1);
    expect(tuned.differenceCi[0]).toBeGreaterThan(0);
    expect(tuned.bySeed).toHaveLength(3);
    for (const { auroc, aurocCi } of summary.rows) {
      expect(aurocCi[0]).toBeLessThan(auroc!);
      expect(aurocCi[1]).toBeGreaterThan(auroc!);
    }
    // The interval of a difference on the same patients is narrower than those of its sides.
    const width = ([low, high]: readonly (number | null)[]): number => high! - low!;
    expect(width(tuned.differenceCi)).toBeLessThan(width(tuned.aurocCi) + width(summary.rows[0].aurocCi));
    expect(tuned.difference).toBeCloseTo(tuned.differenceBySeed.reduce<number>((sum, d) => sum + d!, 0) / 3, 12);
  });
  it('never supports a difference that one seed contradicts', () => {
    const mixed = finished.map((one) =>
      one.run.configuration === 'tuned' && one.run.seed === 2 ? { ...one, predictions: made(-1, 99) } : one,
    );
    const [, , tuned] = summarizeAblation('made up', plan, mixed, 200).rows;
    expect(tuned.verdict).toBe('no difference supported');
  });
  it('prints what it found', () => {
    const { header, rows } = ablationCells(summary);
    expect(header).toContain('do the data support a difference?');
    expect(rows.map((row) => row.at(-1))).toEqual(['the baseline', 'no', 'better than plain']);
  });
  it('says in a sentence what it comes to, once for each configuration', () => {
    expect(ablationLead(summary)).toBe('tuned is better than plain. Of 1 more these images support no difference.');
    const sized = [16, null].flatMap((trainCount) => summary.rows.map((row) => ({ ...row, trainCount })));
    expect(
      ablationLead({ rows: sized.filter(({ configuration }) => configuration !== 'alike'), baseline: 'plain' }),
    ).toBe('tuned is better than plain with 16 and all images.');
    const alike = summary.rows.filter(({ configuration }) => configuration !== 'tuned');
    expect(ablationLead({ rows: alike, baseline: 'plain' })).toBe(
      'None of 1 configurations differs from plain as far as these images tell.',
    );
  });
  it('refuses runs on different samples', () => {
    const other = { ...made(1, 5), samples: made(1, 5).samples.map((sample) => ({ ...sample, id: `x${sample.id}` })) };
    const wrong = finished.map((one, i) => (i === 4 ? { ...one, predictions: other } : one));
    expect(() => summarizeAblation('made up', plan, wrong, 10)).toThrow('evaluated on the same samples');
  });
});

describe('ablate', () => {
  // Stands for the command: finishes a run as train does, notes that it was called, fails for one seed if asked to.
  const trainer = join(place, 'trainer.mjs');
  writeFileSync(
    trainer,
    `import { appendFileSync, copyFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
const flag = (name) => process.argv[process.argv.indexOf(name) + 1];
const out = flag('--out');
appendFileSync('${join(place, 'calls.txt')}', out + '\\n');
const config = JSON.parse(readFileSync(flag('--config'), 'utf8'));
if (existsSync('${join(place, 'unlucky')}') && config.seed === 1) { console.error('no luck'); process.exit(1); }
writeFileSync(out + '/config.json', JSON.stringify({ config, data: { path: flag('--data'), split: process.argv.includes('--split') ? flag('--split') : null } }));
copyFileSync('${join(place, 'predictions.parquet')}', out + '/predictions.parquet');
writeFileSync(out + '/evaluation.json', '{}');`,
  );
  writePredictions(place, made(1, 1));
  const request = (file: string) => ({
    plan: planAblation({ file, seeds: 2 }),
    data: 'made up',
    out: join(place, 'out'),
    jobs: 2,
    draws: 20,
    command: [process.execPath, trainer],
    flags: [],
  });
  const calls = (): number => {
    const file = join(place, 'calls.txt');
    if (!existsSync(file)) return 0;
    const count = readFileSync(file, 'utf8').trim().split('\n').length;
    rmSync(file);
    return count;
  };
  it('trains what is missing, says which runs failed, and goes on from there', async () => {
    const file = gridFile(small);
    writeFileSync(join(place, 'unlucky'), '');
    await expect(ablate(request(file), silentProgress)).rejects.toThrow(/2 of 4 runs failed[\s\S]*seed-1: no luck/);
    rmSync(join(place, 'unlucky'));
    expect(calls()).toBe(4);
    const summary = await ablate(request(file), silentProgress);
    expect(calls()).toBe(2);
    expect(summary.rows.map(({ difference }) => difference)).toEqual([null, 0]);
    await ablate(request(file), silentProgress);
    expect(calls()).toBe(0);
  });
  it('refuses a folder with the runs of another grid', async () => {
    const file = gridFile(small.replace('epochs: 3', 'epochs: 4'));
    await expect(ablate(request(file), silentProgress)).rejects.toThrow('another configuration; use another --out');
  });
  it('refuses a folder with runs on another data set', async () => {
    const elsewhere = { ...request(gridFile(small)), data: 'made up elsewhere' };
    await expect(ablate(elsewhere, silentProgress)).rejects.toThrow('expected a run on made up elsewhere, got one on');
  });
  it('has the split evaluated that was asked for, and refuses runs on another one', async () => {
    const onVal = { ...request(gridFile(small)), out: join(place, 'on val'), split: 'val' };
    await ablate(onVal, silentProgress);
    await ablate(onVal, silentProgress);
    expect(calls()).toBe(4);
    await expect(ablate({ ...onVal, split: undefined }, silentProgress)).rejects.toThrow(
      'expected a run that is evaluated on the split by itself, got one on val; use another --out',
    );
  });
});
