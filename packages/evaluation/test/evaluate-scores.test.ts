import { auroc } from '@cxr-align/metrics';
import { RandomStream } from '@cxr-align/random';
import fc from 'fast-check';
import { evaluateScores, scorePredictions } from '../src/evaluate-scores.js';
import type { ScoreTable } from '../src/score-table.js';

const labels = ['Pneumonia', 'Edema'];

/** Targets, and logits that tell something of them, of two labels. */
function made(count = 60): { logits: number[]; targets: number[] } {
  const random = new RandomStream({ seed: 5, purpose: 'scores' });
  const targets = Array.from({ length: 2 * count }, () => (random.chance(0.4) ? 1 : 0));
  return { targets, logits: targets.map((y) => 1.5 * y - 1 + random.normal()) };
}
const { logits, targets } = made();
const evaluate = (changes: Partial<ScoreTable> = {}) =>
  evaluateScores({ scores: logits, targets, labels, resamples: 0, ...changes });
const aurocs = (changes: Partial<ScoreTable> = {}) =>
  Object.values(evaluate(changes).evaluation.labels).map((label) => label.auroc);

describe('evaluateScores(options)', () => {
  it('ranks scores as they are, whatever their scale: the order alone counts', () => {
    const expected = aurocs();
    expect(expected[0]).toBe(
      auroc(
        targets.filter((_, at) => at % 2 === 0),
        logits.filter((_, at) => at % 2 === 0),
      ),
    );
    const monotone: ((z: number) => number)[] = [
      (z) => 98 + z / 100,
      (z) => z - 120,
      (z) => 100 / (1 + Math.exp(-z)),
      (z) => 1 - 1e-9 / (1 + Math.exp(z)),
      (z) => 1e-300 * Math.exp(z),
    ];
    for (const scale of monotone) expect(aurocs({ scores: logits.map(scale) })).toEqual(expected);
  });
  it('stays the same under any rising transformation', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 1e-3, max: 1e3, noNaN: true }),
        fc.integer({ min: -500, max: 500 }),
        (slope, shift) => {
          const scores = logits.map((z) => Math.round(z * 1024) / 1024);
          const changed = scores.map((z) => Math.fround(slope) * z + shift);
          const distinct = (values: number[]): number => new Set(values).size;
          fc.pre(distinct(changed) === distinct(scores));
          expect(aurocs({ scores: changed })).toEqual(aurocs({ scores }));
        },
      ),
      { numRuns: 25 },
    );
  });
  it('takes the sigmoid of logits for calibration, and probabilities as they are', () => {
    const probabilities = logits.map((z) => 1 / (1 + Math.exp(-z)));
    const [asLogits, asProbabilities] = [evaluate(), evaluate({ scores: probabilities })].map((one) => one.evaluation);
    expect(asLogits.labels.Edema.brier).toBe(asProbabilities.labels.Edema.brier);
    expect(asLogits.labels.Edema).toMatchObject({
      threshold: 0.5,
      sensitivity: asProbabilities.labels.Edema.sensitivity,
    });
    expect(asLogits.remarks[0]).toMatch(/^the scores lie outside \[0, 1\] \(from -.*they were taken as logits$/);
    expect(asProbabilities.remarks).toEqual([]);
    expect(evaluate({ scoresAre: 'logits' }).evaluation.remarks).toEqual([]);
  });
  it('remarks that percentages are no probabilities', () => {
    const percent = logits.map((z) => 100 / (1 + Math.exp(-z)));
    expect(evaluate({ scores: percent }).evaluation.remarks[0]).toMatch(
      /are no probabilities.*divide percentages by 100/,
    );
  });
  it('decides by thresholds on the scale of the scores, also where probabilities round to 1', () => {
    const thresholds = { Pneumonia: 98.5 };
    const scores = [98, -1, 99, 1, 98.4, -1, 98.6, 1];
    const { evaluation } = evaluate({ scores, targets: [0, 0, 1, 1, 0, 0, 1, 1], thresholds });
    expect(evaluation.labels.Pneumonia).toMatchObject({ sensitivity: 1, specificity: 1 });
    expect(evaluation.labels.Edema).toMatchObject({ threshold: 0.5, sensitivity: 1, specificity: 1 });
  });
  it('takes rows, and a value a row with one label; -1 and NaN are unknown', () => {
    const rows = Array.from({ length: 60 }, (_, row) => logits.slice(2 * row, 2 * row + 2));
    expect(aurocs({ scores: rows })).toEqual(aurocs());
    const one = evaluateScores({ scores: [0.1, 0.9, 0.4, 0.2], targets: [0, 1, -1, NaN], labels: ['a'], resamples: 0 });
    expect(one.evaluation.labels.a).toMatchObject({ positives: 1, negatives: 1, auroc: 1 });
    expect([...one.predictions.targets]).toEqual([0, 1, NaN, NaN]);
  });
  it('keeps neighbouring ids of patients above 2^53 apart', () => {
    const patients = Array.from({ length: 60 }, (_, row) => 9007199254740993n + BigInt(row));
    expect(evaluate({ patients }).evaluation.patients).toBe(60);
    expect(scorePredictions({ scores: logits, targets, labels, patients }).samples[1].patient).toBe('9007199254740994');
    expect(() => evaluate({ patients: patients.map(Number) })).toThrow('pass larger ids as texts');
  });
  it('resamples patients for intervals, the same each time', () => {
    const options = {
      scores: logits,
      targets,
      labels,
      resamples: 50,
      patients: logits.slice(60).map((_, i) => i >> 1),
    };
    const [first, second] = [evaluateScores(options), evaluateScores(options)];
    expect(first.evaluation).toEqual(second.evaluation);
    expect(first.evaluation.patients).toBe(30);
    expect(first.evaluation.macro.aurocCi[0]).toBeLessThan(first.evaluation.macro.auroc!);
  });
});

describe('evaluateScores refuses by name', () => {
  const cases: [string, Partial<ScoreTable>, string][] = [
    [
      'a label that stands twice',
      { labels: ['Edema', 'Edema'] },
      'labels: expected each label once, got "Edema" twice',
    ],
    [
      'a label without a name',
      { labels: ['Edema', ' '] },
      'labels: expected label names that are texts, got " " at position 1',
    ],
    ['a label that is no text', { labels: ['Edema', 3 as never] }, 'got 3 at position 1'],
    ['no label', { labels: [] }, 'expected a list of one or more label names'],
    [
      'a score that is not finite, with row and label',
      { scores: logits.map((z, at) => (at === 7 ? NaN : at === 9 ? Infinity : z)) },
      'scores: expected finite scores, got NaN in row 3 (from 0), label Edema, and 1 more that are not finite',
    ],
    [
      'a target of another value',
      { targets: targets.map((y, at) => (at === 4 ? 2 : y)) },
      'targets: expected targets of 1, 0, -1 or NaN, got 2 in row 2 (from 0), label Pneumonia',
    ],
    [
      'targets of another number',
      { targets: targets.slice(2) },
      'expected targets for the 60 samples of the scores, got 59',
    ],
    ['scores of another width', { scores: logits.slice(1) }, 'expected scores [samples, 2] row by row, got 119 values'],
    ['a row of another width', { scores: [[1, 2], [3]] }, 'expected 2 values in each row of scores, got 1 in row 1'],
    ['patients of another number', { patients: ['a'] }, 'patients: expected an id for each of 60 samples, got 1'],
    ['a threshold of an unknown label', { thresholds: { Cardiomegaly: 0.3 } }, 'got one of "Cardiomegaly"; remove it'],
    ['a threshold in another case', { thresholds: { pneumonia: 0.3 } }, 'got one of "pneumonia"; write "Pneumonia"'],
    ['a threshold that is null', { thresholds: { Edema: null as never } }, 'the threshold of Edema, got null'],
    ['a threshold that is text', { thresholds: { Edema: '0.2' as never } }, 'the threshold of Edema, got "0.2"'],
    ['a threshold that is an object', { thresholds: { Edema: {} as never } }, 'the threshold of Edema, got {}'],
    ['thresholds as a list', { thresholds: [0.2, 0.3] as never }, 'expected an object of label to threshold'],
    [
      'a percentage as the threshold of probabilities',
      { scores: logits.map(() => 0.5), thresholds: { Edema: 45 } },
      'expected the threshold of Edema in [0, 1], as the scores are, got 45; divide percentages by 100',
    ],
    [
      'percentages given as probabilities',
      { scores: logits.map((_, at) => (at === 3 ? 45 : 0.5)), scoresAre: 'probabilities' },
      'expected probabilities in [0, 1], got 45 in row 1 (from 0), label Edema; divide percentages by 100',
    ],
    [
      'another scale',
      { scoresAre: 'percent' as never },
      'expected scoresAre to be auto, logits or probabilities, got percent',
    ],
    [
      'groups of another number',
      { groups: { sex: ['F'] } },
      'groups: expected a group for each of 60 samples in "sex", got 1',
    ],
    [
      'groups that are numbers',
      { groups: { age: targets.slice(60).map((_, i) => (i === 5 ? (30 as never) : 'x')) } },
      'expected groups that are texts, or null where missing, got 30 of "age" in row 5',
    ],
  ];
  it.each(cases)('%s', (_, changes, message) => {
    expect(() => evaluate(changes)).toThrow(message);
  });
  it('names the file an array is from', () => {
    expect(() => evaluate({ labels: ['a', 'a'], sources: { labels: 'labels.json' } })).toThrow(
      /^labels\.json: expected/,
    );
  });
  it('a number of resamples that is none', () => {
    expect(() => evaluateScores({ scores: logits, targets, labels, resamples: 1.5 })).toThrow(
      'expected resamples to be',
    );
  });
});
