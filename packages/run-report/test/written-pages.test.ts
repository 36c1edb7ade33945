import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  compare,
  evaluateScores,
  summarizeSeeds,
  type AblationSummary,
  type EvaluatedScores,
  type SearchSummary,
} from '@cxr-align/evaluation';
import { LabelGraph } from '@cxr-align/label-graph';
import {
  ablationReport,
  comparisonReport,
  evaluationReport,
  graphFigure,
  searchReport,
  seedReport,
} from '../src/index.js';

const place = mkdtempSync(join(tmpdir(), 'pages-'));
afterAll(() => rmSync(place, { recursive: true }));

const labels = ['Edema', 'Hernia & <others>'];
const wave = (at: number): number => Math.abs(Math.sin(12.9898 * (at + 1)) * 43758.5453) % 1;

/** Scores of 120 images, the second label of four of them. */
function scored(more: object = {}, skill = 0.4): EvaluatedScores {
  const targets = Array.from({ length: 240 }, (_, at) => Number(at % 2 === 0 ? wave(at) < 0.4 : at < 8));
  const scores = targets.map((target, at) => (skill * target + (1 - skill) * wave(at + 0.5)) % 1);
  const groups = { sex: Array.from({ length: 120 }, (_, row) => (row % 3 === 0 ? 'F' : 'M')) };
  return evaluateScores({ name: 'made up', labels, targets, scores, groups, resamples: 50, ...more });
}

function pageOf(name: string): string {
  return readFileSync(join(place, name, 'report.html'), 'utf8');
}
/** The figures of a page, without strips in tables; numbers in them are whole pixels or tenths. */
function figuresOf(page: string): string[] {
  return [...page.matchAll(/<div class="drawing"[^>]*>(<svg.*?<\/svg>)<\/div>/gs)].map(([, svg]) => svg);
}

describe('the figures of a page', () => {
  it('of an evaluation are as they were looked at', async () => {
    const page = { name: 'scores.csv', thresholds: 'The threshold is 0.5 for every label.' };
    await evaluationReport(join(place, 'evaluation'), { ...page, ...scored() });
    expect(figuresOf(pageOf('evaluation'))).toMatchSnapshot();
  });
  it('of a comparison are as they were looked at', async () => {
    const models = [scored(), scored({}, 0.6)].map((one, i) => ({ name: `model ${i}`, ...one }));
    const [a, b] = models.map(({ predictions }) => predictions);
    const comparison = compare(a, b, { names: ['model 0', 'model 1'], resamples: 50 });
    await comparisonReport(join(place, 'comparison'), [comparison], models);
    expect(figuresOf(pageOf('comparison'))).toMatchSnapshot();
  });
  it('of a label graph are as they were looked at', () => {
    const graph = new LabelGraph({
      name: 'small',
      labels: [{ name: 'Lung Opacity' }, { name: 'Edema', parents: ['Lung Opacity'] }, { name: 'Fracture' }],
    });
    expect(graphFigure({ graph })).toMatchSnapshot();
  });
});

describe('evaluationReport(folder, page)', () => {
  const page = { name: 'scores.csv', thresholds: 'The threshold is 0.5 for every label.' };
  it('has the net benefit of each operating point beside that of calling all', async () => {
    const one = scored();
    await evaluationReport(join(place, 'benefit'), { ...page, ...one });
    const [{ netBenefit, netBenefitOfAll }] = one.evaluation.labels.Edema.operatingPoints;
    const shown = (value: number): string => `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(3)}`;
    expect(pageOf('benefit')).toContain(`${shown(netBenefit!)} (${shown(netBenefitOfAll!)})`);
  });
  it('tells the alarms of as many films a day as the place has', async () => {
    await evaluationReport(join(place, 'films'), {
      ...page,
      ...scored({ filmsPerDay: 37, prevalenceInUse: { Edema: 0.1 } }),
    });
    expect(pageOf('films')).toContain('Edema at 10 % prevalence, 37 films a day');
    expect(pageOf('films')).not.toContain('others&gt; at');
    await evaluationReport(join(place, 'films'), { ...page, ...scored({ filmsPerDay: 37 }) });
    expect(pageOf('films').match(/37 films a day/g)).toHaveLength(2);
  });
});

describe('ablationReport(folder, summary)', () => {
  it('has its figure as it was looked at, among the files', async () => {
    const row = {
      trainCount: null,
      bySeed: [0.7],
      auroc: 0.7,
      aurocCi: [0.6, 0.8],
      differenceBySeed: [],
      p: 0.1,
      pHolm: 0.1,
    };
    const summary = {
      ...{
        data: 'made up',
        split: 'val',
        baseline: 'a',
        seeds: [0],
        samples: 9,
        patients: 9,
        method: 'm',
        remarks: [],
      },
      ...{ undefinedLabels: [], labels: {} },
      rows: [
        {
          ...row,
          configuration: 'a',
          difference: null,
          differenceCi: [null, null],
          detectable: null,
          verdict: 'baseline',
        },
        { ...row, configuration: 'b', difference: 0.1, differenceCi: [0.02, 0.2], detectable: 0.1, verdict: 'better' },
      ],
    } as unknown as AblationSummary;
    await ablationReport(join(place, 'ablation'), summary);
    expect(pageOf('ablation')).toContain('b is better than a. Compared on validation.');
    expect([...pageOf('ablation').matchAll(/<svg class="strip".*?<\/svg>/g)].map(([svg]) => svg)).toMatchSnapshot();
  });
});

describe('seedReport(folder, summary)', () => {
  const runs = [3, 1].map((seed, i) => ({
    ...{ seed, folder: `seed-${seed}`, bestEpoch: 2, validation: 0.8 },
    evaluation: scored({}, 0.4 + 0.1 * i).evaluation,
  }));
  it('has mean and spread first, each run with its page, and labels with too few images last', async () => {
    const summary = summarizeSeeds(runs);
    await seedReport(join(place, 'seeds'), summary);
    const page = pageOf('seeds');
    const { mean, sd } = summary.macro.auroc;
    expect(page).toContain(`<p class="lead">Macro AUROC ${mean!.toFixed(3)} ± ${sd!.toFixed(3)} (`);
    for (const seed of [1, 3]) expect(page).toContain(`<a href="seed-${seed}/report.html">seed ${seed}</a>`);
    expect(page).toContain(
      'Too few to tell, with fewer than 10 images with or without the label: Hernia &amp; &lt;others&gt;.',
    );
    expect(figuresOf(page)).toMatchSnapshot();
    expect(page).not.toContain('Optimistic');
  });
  it('says so where the split chose what is reported of it', async () => {
    await seedReport(join(place, 'val'), { ...summarizeSeeds(runs), split: 'val' });
    expect(pageOf('val')).toContain('Optimistic: this split chose the epoch and the thresholds of each run.');
  });
});

describe('searchReport(folder, summary)', () => {
  const trial = (number: number, learningRate: number, decoder: string, ...validations: (number | null)[]) => ({
    trial: number,
    settings: { 'decoder.kind': decoder, learningRate },
    rungs: validations.map((validation, i) => ({
      ...{ epochs: 2 * (i + 1), folder: `trial-00${number}`, validation, bestEpoch: i + 1 },
      ...(validation === null && { error: 'the step was skipped' }),
    })),
  });
  const trials = [trial(1, 1e-4, 'dense', 0.6), trial(2, 1e-2, 'query', 0.7, 0.75), trial(3, 1e-1, 'dense', null)];
  const summary: SearchSummary = {
    ...{ data: 'data/made up', split: 'val', seed: 0, halving: { rungs: [2, 4], reduction: 3 }, trials, remarks: [] },
    space: { 'decoder.kind': ['dense', 'query'], learningRate: { from: 1e-4, to: 1e-1 } },
    best: { trial: 2, settings: trials[1].settings, folder: 'trial-002', validation: 0.75, bestEpoch: 2 },
    test: {
      ...{ folder: 'trial-002/evaluations/x-test', auroc: 0.7, aurocCi: [0.6, 0.8] },
      identity: { version: 'v 1', model: 'abc', data: 'def', engine: 'wasm', thresholds: 'fitted on validation' },
    },
  };
  it('has the best first, what was stopped early, and each setting against the score', async () => {
    await searchReport(join(place, 'search'), summary);
    const page = pageOf('search');
    expect(page).toContain(
      'Trial 2 of 3 is the best: macro AUROC 0.750 on validation, which chose it. On test, which chose nothing: 0.700 (95 % 0.600 to 0.800).',
    );
    const rows = [...page.matchAll(/<th scope="row">(.*?)<\/th><td[^>]*>(.*?)<\/td>/g)].map(([, name, state]) =>
      [name, state].map((html) => html.replace(/<[^>]*>/g, '')),
    );
    expect(rows).toEqual([
      ['trial 2', 'the best'],
      ['trial 1', 'stopped after 2 epochs'],
      ['trial 3', 'numbers became NaN'],
    ]);
    expect(page).toContain('<dt>model (SHA-256)</dt><dd>abc</dd>');
    expect(page).toContain('<a href="trial-001/report.html">');
    expect(page).not.toContain('<a href="trial-003/report.html">');
    expect(page).toContain('learningRate: 0.0001 to 0.1 (log)');
    expect(figuresOf(page)).toMatchSnapshot();
  });
  it('links to the pages that there are, and says what is missing', async () => {
    const remarks = ['the data have no test split: the score on validation, which chose, is too good'];
    await searchReport(join(place, 'bare'), { ...summary, test: null, remarks }, { reported: new Set(['trial-002']) });
    expect(pageOf('bare').match(/href="trial-\d+\/report\.html"/g)).toEqual(['href="trial-002/report.html"']);
    expect(pageOf('bare')).toContain('The data have no test split');
  });
});
