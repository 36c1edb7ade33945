import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { confidentLearning } from '../src/index.js';

interface Case {
  targets: number[];
  probabilities: number[];
  thresholds: [number, number];
  counts: number[][];
  rounded_joint: number[][];
  suspects: number[];
  quality: number[];
}

const { cases } = JSON.parse(
  readFileSync(new URL('../../../tools/golden/confident_learning.json', import.meta.url), 'utf8'),
) as { cases: Case[] };

const suspectsOf = ({ suspects }: { suspects: Uint8Array }): number[] =>
  [...suspects].flatMap((one, row) => (one === 1 ? [row] : []));

describe('confidentLearning(targets, probabilities)', () => {
  it.each(cases.map((one, i) => [i, one] as const))('finds what cleanlab finds in case %i', (_, one) => {
    const found = confidentLearning(one.targets, one.probabilities);
    expect(found.thresholds.absent).toBeCloseTo(one.thresholds[0], 12);
    expect(found.thresholds.present).toBeCloseTo(one.thresholds[1], 12);
    const { absentAbsent, absentPresent, presentAbsent, presentPresent } = found.counts;
    expect([
      [absentAbsent, absentPresent],
      [presentAbsent, presentPresent],
    ]).toEqual(one.counts);
    // Theirs is rounded to whole rows.
    expect(Math.abs(found.joint.absentPresent - one.rounded_joint[0][1])).toBeLessThan(1);
    expect(Math.abs(found.joint.presentAbsent - one.rounded_joint[1][0])).toBeLessThan(1);
    expect(suspectsOf(found)).toEqual(one.suspects);
    found.quality.forEach((value, row) => expect(value).toBeCloseTo(one.quality[row], 12));
  });

  it('leaves rows out whose target or probability is unknown', () => {
    const [{ targets, probabilities }] = cases;
    const all = confidentLearning(targets, probabilities);
    const more = confidentLearning([NaN, ...targets, 1], [0.5, ...probabilities, NaN]);
    expect(more.thresholds).toEqual(all.thresholds);
    expect(more.joint).toEqual(all.joint);
    expect(suspectsOf(more)).toEqual(suspectsOf(all).map((row) => row + 1));
    expect(more.quality[0]).toBeNaN();
  });

  it('has no suspect and no estimate where a class is missing', () => {
    const found = confidentLearning([0, 0, 0], [0.1, 0.9, 0.2]);
    expect(suspectsOf(found)).toEqual([]);
    expect(found.errors).toBeNaN();
    expect(found.thresholds.present).toBeNaN();
  });

  it('is the same with both classes exchanged', () => {
    const row = fc.tuple(fc.constantFrom(0, 1), fc.double({ min: 0.01, max: 0.99, noNaN: true }));
    fc.assert(
      fc.property(fc.array(row, { minLength: 2, maxLength: 30 }), (rows) => {
        const [targets, p] = [rows.map(([y]) => y), rows.map(([, one]) => Math.round(one * 1000) / 1000 + 0.0001)];
        const [one, other] = [
          confidentLearning(targets, p),
          confidentLearning(
            targets.map((y) => 1 - y),
            p.map((value) => 1 - value),
          ),
        ];
        expect(suspectsOf(other)).toEqual(suspectsOf(one));
        if (Number.isNaN(one.errors)) expect(other.errors).toBeNaN();
        else expect(other.errors).toBeCloseTo(one.errors, 9);
      }),
      { numRuns: 50 },
    );
  });

  it('refuses logits', () => {
    expect(() => confidentLearning([0, 1], [-2, 3])).toThrow('expected probabilities in [0, 1], got -2 in row 0');
  });
});
