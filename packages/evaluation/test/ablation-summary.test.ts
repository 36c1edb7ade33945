import { RandomStream } from '@cxr-align/random';
import { summarizeAblation, type FinishedRun, type RunOfPlan } from '../src/ablation-summary.js';
import { ablationCells, ablationLead, ablationText } from '../src/ablation-text.js';
import type { Predictions } from '../src/predictions.js';

/** Predictions of a model that tells the classes apart by `skill`. */
function made(skill: number, seed: number, positives = 0.4): Predictions {
  const truth = new RandomStream({ seed: 1, purpose: 'truth' });
  const noise = new RandomStream({ seed, purpose: 'noise' });
  const targets = Float32Array.from({ length: 2 * 160 }, () => (truth.chance(positives) ? 1 : 0));
  return {
    labels: ['a', 'b'],
    targets,
    probabilities: Float64Array.from(
      targets.map((target) => 1 / (1 + Math.exp(-(skill * (2 * target - 1) + noise.normal())))),
    ),
    samples: Array.from({ length: 160 }, (_, i) => ({ id: `s${i}`, patient: `p${i >> 1}`, split: 'test' })),
  };
}

describe('summarizeAblation', () => {
  const plan = {
    baseline: 'plain',
    configurations: ['plain', 'alike', 'tuned'],
    trainCounts: [null],
    seeds: [0, 1, 2],
  };
  const runs = plan.configurations.flatMap((configuration) =>
    plan.seeds.map((seed): RunOfPlan => ({ configuration, trainCount: null, seed })),
  );
  const onVal = { data: 'made up', split: 'val' };
  const skill: Record<string, number> = { plain: 0.3, alike: 0.3, tuned: 1.5 };
  const finished = runs.map((run): FinishedRun => ({
    run,
    predictions: made(skill[run.configuration], 10 * Object.keys(skill).indexOf(run.configuration) + run.seed),
  }));
  const summary = summarizeAblation(onVal, plan, finished, 400);
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
    const [, , tuned] = summarizeAblation(onVal, plan, mixed, 200).rows;
    expect(tuned.verdict).toBe('no difference supported');
  });
  it('prints what it found', () => {
    const { header, rows } = ablationCells(summary);
    expect(header).toContain('do the data support a difference?');
    expect(rows.map((row) => row.at(-1))).toEqual(['the baseline', 'no', 'better than plain']);
  });
  it('says in a sentence what it comes to, once for each configuration', () => {
    expect(ablationLead(summary)).toBe(
      'tuned is better than plain. Of 1 more these images support no difference. Compared on validation.',
    );
    const sized = [16, null].flatMap((trainCount) => summary.rows.map((row) => ({ ...row, trainCount })));
    expect(
      ablationLead({
        rows: sized.filter(({ configuration }) => configuration !== 'alike'),
        baseline: 'plain',
        split: 'test',
      }),
    ).toBe('tuned is better than plain with 16 and all images. Compared on the split test.');
    const alike = summary.rows.filter(({ configuration }) => configuration !== 'tuned');
    expect(ablationLead({ rows: alike, baseline: 'plain', split: 'val' })).toBe(
      'None of 1 configurations differs from plain as far as these images show. Compared on validation.',
    );
  });
  it('refuses runs on different samples', () => {
    const other = { ...made(1, 5), samples: made(1, 5).samples.map((sample) => ({ ...sample, id: `x${sample.id}` })) };
    const wrong = finished.map((one, i) => (i === 4 ? { ...one, predictions: other } : one));
    expect(() => summarizeAblation(onVal, plan, wrong, 10)).toThrow('evaluated on the same samples');
  });
  it('says which labels have enough images, and what the mean leaves out', () => {
    const alone = (one: Predictions): Predictions => ({
      ...one,
      targets: one.targets.map((target, at) => (at % 2 === 0 ? target : at < 8 ? 1 : 0)),
    });
    const few = finished.map(({ run, predictions }) => ({ run, predictions: alone(predictions) }));
    const { labels, undefinedLabels, remarks, rows } = summarizeAblation(onVal, plan, few, 50);
    expect(labels.a).toEqual({ positives: expect.any(Number), negatives: expect.any(Number), reliability: 'enough' });
    expect(labels.b).toEqual({ positives: 4, negatives: 156, reliability: 'too few' });
    expect({ undefinedLabels, remarks }).toEqual({
      undefinedLabels: [],
      remarks: ['b: only 4 positives (fewer than 10): estimates and tests are unreliable'],
    });
    expect(rows[0].verdict).toBe('baseline');
    const none = finished.map(({ run, predictions }) => ({
      run,
      predictions: {
        ...predictions,
        targets: predictions.targets.map((_, at) => (at % 2 === 1 ? 0 : at < 10 ? 1 : 0)),
      },
    }));
    const tooFew = summarizeAblation(onVal, plan, none, 50);
    expect(tooFew.undefinedLabels).toEqual(['b']);
    expect(tooFew.rows.map(({ verdict }) => verdict)).toEqual(['baseline', 'too few', 'too few']);
    expect(tooFew.rows[2]).toMatchObject({ aurocCi: [null, null], differenceCi: [null, null], p: null });
    expect(ablationLead(tooFew)).toContain('These images are too few to tell configurations apart');
    const text = ablationText(tooFew);
    expect(text).toContain('the mean is over 1 labels; excluded, since all images are of one class: b');
    expect(text).toContain('compared on validation, which chose the epoch of each run');
    const table = text.slice(0, text.indexOf('\n\n')).split('\n');
    expect(table[2]).toMatch(/^alike .* too few to tell$/);
    for (const line of table) expect(line.length).toBeLessThanOrEqual(80);
  });
});
