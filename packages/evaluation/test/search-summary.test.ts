import {
  rankTrials,
  searchText,
  survivors,
  trialState,
  type SearchSummary,
  type Trial,
} from '../src/search-summary.js';

const rung = (epochs: number, validation: number | null, more: object = {}) => ({
  ...{ epochs, folder: `trial/${epochs}`, validation, bestEpoch: 1 },
  ...more,
});
const trial = (number: number, settings: Trial['settings'], ...rungs: Trial['rungs']): Trial => ({
  trial: number,
  settings,
  rungs,
});
const summaryOf = (trials: Trial[], more: Partial<SearchSummary> = {}): SearchSummary => ({
  ...{ data: 'made up', split: 'val', seed: 0, space: {}, halving: null, trials, best: null, test: null, remarks: [] },
  ...more,
});
const tableOf = (text: string): string[] => text.slice(0, text.indexOf('\n\n')).split('\n');

describe('rankTrials(trials) and survivors(trials, reduction)', () => {
  const trials = [
    trial(1, {}, rung(1, 0.6)),
    trial(2, {}, rung(1, 0.9, { error: 'NaN' })),
    trial(3, {}, rung(1, 0.7), rung(3, 0.65)),
    trial(4, {}, rung(1, 0.6)),
  ];
  it('put those that came further first, then the better, then the earlier', () => {
    expect(rankTrials(trials).map(({ trial: number }) => number)).toEqual([3, 2, 1, 4]);
  });
  it('let none go on whose numbers became NaN, and at least one', () => {
    expect(survivors(trials, 2).map(({ trial: number }) => number)).toEqual([3, 1]);
    expect(survivors(trials, 100)).toHaveLength(1);
  });
  it('come with what became of each', () => {
    const halving = { rungs: [1, 3], reduction: 2 };
    expect(trials.map((one) => trialState(one, { halving }))).toEqual([
      'stopped after 1 epoch',
      'numbers became NaN',
      'trained to the end',
      'stopped after 1 epoch',
    ]);
  });
});

describe('searchText(summary)', () => {
  it('fits 80 columns with any number of keys, and names those without room', () => {
    const settings = Object.fromEntries(
      Array.from({ length: 30 }, (_, i) => [`group.key${i}`, i % 2 ? 0.123456 : ['a long value', 'x'.repeat(60)]]),
    );
    const text = searchText(summaryOf([trial(1, settings, rung(3, 0.71234))]));
    const [header, row, hidden] = tableOf(text);
    for (const line of [header, row]) expect(line.length).toBeLessThanOrEqual(80);
    expect(header).toMatch(/^trial +epochs +validation +key0 +key1 /);
    expect(row).toMatch(/^1 +3 +0\.712 +\["a long value","xx…/);
    expect(hidden).toMatch(/^no room for .*group\.key29: trials\.json and report\.html have them$/);
  });
  it('names keys by their last part, and further where that would not tell them apart', () => {
    const settings = { 'decoder.kind': 'dense', 'image.size': 32, 'tile.size': 8, learningRate: 0.1 };
    const [header] = tableOf(searchText(summaryOf([trial(1, settings, rung(1, 0.5))])));
    expect(header.split(/ +/).slice(3)).toEqual(['decoder', 'image.size', 'tile.size', 'learningRate']);
  });
  it('has the score on test without an interval where there is none', () => {
    const test = { folder: 'x', auroc: 0.7, aurocCi: [null, null] as [null, null] };
    expect(searchText(summaryOf([trial(1, {}, rung(1, 0.5))], { test }))).toMatch(/macro AUROC 0\.700$/);
  });
});
