import type { Evaluation } from '../src/evaluation-schema.js';
import { evaluateScores } from '../src/evaluate-scores.js';
import { macroSentence } from '../src/macro-text.js';
import { prevalenceDrifts, type SplitLabels } from '../src/split-drift.js';
import { worriesOf, type Worry } from '../src/worries.js';

/** Scores of two labels of 120 images, the second of them rare. */
function made(): Evaluation {
  const wave = (at: number): number => Math.abs(Math.sin(12.9898 * (at + 1)) * 43758.5453) % 1;
  const targets = Array.from({ length: 240 }, (_, at) => Number(at % 2 === 0 ? wave(at) < 0.4 : at < 6));
  const scores = targets.map((target, at) => 0.5 * target + 0.5 * wave(at + 0.5));
  return evaluateScores({ labels: ['Edema', 'Hernia'], scores, targets, resamples: 100 }).evaluation;
}

const evaluation = made();
const found = (changed: Partial<Evaluation>, validation?: number): Record<string, Worry> =>
  Object.fromEntries(worriesOf({ ...evaluation, ...changed }, { validation }).map((worry) => [worry.kind, worry]));

describe('worriesOf(evaluation)', () => {
  const baseline = {
    features: ['age', 'sex'],
    auroc: 0.7,
    difference: 0.02,
    differenceCi: [-0.01, 0.05] as [number, number],
    p: 0.2,
    labels: {},
    outperformsBaseline: false,
  };
  const group = { images: 60, positives: 30, negatives: 30, auroc: 0.8, truePositiveRate: 0.5, falsePositiveRate: 0.1 };
  const gap = (gapToRest: number, gapToRestCi: [number, number], small = false) => ({
    ...group,
    small,
    gapToMedian: null,
    gapToMedianCi: [null, null] as [null, null],
    gapToRest,
    gapToRestCi,
  });
  const fairness = (groups: Record<string, ReturnType<typeof gap>>, label = 'Edema'): Evaluation['fairness'] => [
    { attribute: 'sex', missing: 0, labels: { [label]: { groups, worst: null, spread: null } } },
  ];

  it('says where nothing is known', () => {
    const worries = worriesOf(evaluation);
    expect(worries.map(({ kind, state }) => `${kind} ${state}`)).toEqual([
      'shortcut unknown',
      'drift unknown',
      'groups unknown',
    ]);
  });
  it('is worried by an interval of the difference to age, sex and view alone that is not above 0', () => {
    expect(found({ metadataBaseline: baseline }).shortcut).toMatchObject({
      state: 'worry',
      value: '+0.020 [−0.010, +0.050]',
    });
    const better = { ...baseline, outperformsBaseline: true };
    expect(found({ metadataBaseline: better }).shortcut.state).toBe('fine');
  });
  it('is worried by a score on validation above the interval of that on these images', () => {
    const macro = { ...evaluation.macro, auroc: 0.8, aurocCi: [0.75, 0.85] as [number, number] };
    expect(found({ macro }, 0.9).drift).toMatchObject({ state: 'worry', value: '0.900 → 0.800' });
    expect(found({ macro }, 0.84).drift.state).toBe('fine');
    const remarks = ['optimistic: this split chose the epoch, the calibration and the thresholds'];
    expect(found({ macro, split: 'val', remarks }, 0.9).drift).toMatchObject({
      state: 'unknown',
      sentence: expect.stringMatching(/^These images chose the model/),
    });
    // The validation split of other data chose nothing.
    expect(found({ macro, split: 'val' }, 0.9).drift.state).toBe('worry');
  });
  it('is worried by a label that is surely more frequent in one split than in another', () => {
    const of = (positives: number, images = 400, patients = images): SplitLabels => ({
      images,
      patients,
      labels: { Edema: { positives, negatives: images - positives }, Mass: { positives: 4, negatives: images - 4 } },
    });
    const driftOf = (splits: Record<string, SplitLabels>) =>
      worriesOf(evaluation, { splits }).find(({ kind }) => kind === 'drift')!;
    expect(driftOf({ train: of(40), val: of(44), test: of(120) })).toMatchObject({
      state: 'worry',
      value: 'Edema 10.0 % → 30.0 %',
    });
    expect(driftOf({ train: of(40), val: of(44), test: of(120) }).sentence).toContain(
      'Edema is more frequent in test (30.0 %) than in train (10.0 %):',
    );
    // Twice as frequent, but of too few patients to be sure; and sure, but not by half.
    const none = 'No label is surely more frequent in one split than in another (2 comparisons).';
    expect(driftOf({ train: of(40), val: of(80, 400, 40) }).sentence).toContain(none);
    expect(driftOf({ train: of(2000, 10_000), val: of(2600, 10_000) }).sentence).toContain(none);
    expect(driftOf({ train: of(40) }).state).toBe('unknown');
    expect(prevalenceDrifts({ train: of(40), val: of(44), test: of(120) }).drifts).toMatchObject([
      { label: 'Edema', from: 'train', to: 'test', shares: [0.1, 0.3] },
      { label: 'Edema', from: 'val', to: 'test' },
    ]);
  });
  it('is worried by a group that is surely found less often, if by much, and says among how many', () => {
    const groups = { F: gap(-0.2, [-0.3, -0.1]), M: gap(0.2, [0.1, 0.3]), other: gap(-0.5, [-0.9, -0.1], true) };
    const worry = found({ fairness: fairness(groups) }).groups;
    expect(worry).toMatchObject({ state: 'worry', value: '−0.200 [−0.300, −0.100]' });
    expect(worry.sentence).toContain('Edema in sex F');
    expect(worry.sentence).toContain('the largest of 2 comparisons, 1 of them sure');
    expect(found({ fairness: fairness({ F: gap(-0.05, [-0.08, -0.01]) }) }).groups.state).toBe('fine');
    expect(found({ fairness: fairness(groups, 'No Finding') }).groups.state).toBe('unknown');
  });
  it('names worries first', () => {
    expect(worriesOf({ ...evaluation, fairness: fairness({ F: gap(-0.2, [-0.3, -0.1]) }) })[0].kind).toBe('groups');
  });
});

describe('macroSentence(evaluation)', () => {
  it('names what the mean leaves out, and what in it is too few to tell', () => {
    expect(macroSentence(evaluation)).toBe('mean of all 2 labels; in it, though too few to tell: Hernia');
    expect(macroSentence({ ...evaluation, undefinedLabels: ['Hernia'] })).toBe(
      'mean of 1 of 2 labels; left out, since only one class is present: Hernia',
    );
    const labels = Object.fromEntries(Array.from({ length: 9 }, (_, i) => [`L${i}`, evaluation.labels.Edema]));
    expect(macroSentence({ labels, undefinedLabels: Object.keys(labels).slice(1) })).toContain(
      'L1, L2, L3, L4 and 4 more',
    );
  });
});
