import fc from 'fast-check';
import { subgroupAudit } from '../src/index.js';

/** Rows of a group: how many positives are called, how many not, and the same for negatives. */
function rowsOf(group: string | null, called: number, missed: number, alarms: number, quiet: number) {
  const row = (target: number, score: number) => ({ group, target, score });
  return [
    ...Array.from({ length: called }, () => row(1, 0.9)),
    ...Array.from({ length: missed }, () => row(1, 0.1)),
    ...Array.from({ length: alarms }, () => row(0, 0.8)),
    ...Array.from({ length: quiet }, () => row(0, 0.2)),
  ];
}
const audit = (rows: ReturnType<typeof rowsOf>, more: object = {}) =>
  subgroupAudit(
    rows.map(({ target }) => target),
    rows.map(({ score }) => score),
    rows.map(({ group }) => group),
    { threshold: 0.5, minimum: 2, ...more },
  );

describe('subgroupAudit(targets, scores, groups)', () => {
  const rows = [
    ...rowsOf('F', 6, 4, 2, 8),
    ...rowsOf('M', 8, 2, 1, 9),
    ...rowsOf('O', 5, 5, 0, 10),
    ...rowsOf(null, 0, 9, 9, 0),
  ];
  it('compares true positive rates with the median and with all others, worked by hand', () => {
    const { groups, missing, worst, spread } = audit(rows);
    expect(
      groups.map(({ group, truePositiveRate, falsePositiveRate }) => [group, truePositiveRate, falsePositiveRate]),
    ).toEqual([
      ['F', 0.6, 0.2],
      ['M', 0.8, 0.1],
      ['O', 0.5, 0],
    ]);
    expect(groups.map(({ gapToMedian }) => Number(gapToMedian.toFixed(9)))).toEqual([0, 0.2, -0.1]);
    expect(groups[0].gapToRest).toBeCloseTo(0.6 - 13 / 20, 12);
    expect({ missing, worst, spread: Number(spread.toFixed(9)) }).toEqual({ missing: 18, worst: 'O', spread: 0.3 });
  });
  it('gives two groups opposite gaps, whoever has no attribute', () => {
    const two = [...rowsOf('F', 6, 4, 2, 8), ...rowsOf('M', 8, 2, 1, 9), ...rowsOf(null, 0, 20, 0, 5)];
    const [f, m] = audit(two).groups;
    expect(f.gapToRest).toBeCloseTo(-m.gapToRest, 12);
  });
  it('marks groups that are too small, which are neither the worst nor part of the median', () => {
    const { groups, worst } = audit([...rows, ...rowsOf('X', 0, 1, 0, 30)]);
    expect(groups.map(({ isSmall }) => isSmall)).toEqual([false, false, false, true]);
    expect(worst).toBe('O');
    expect(groups[1].gapToMedian).toBeCloseTo(0.2, 12);
    expect(audit(rows, { minimum: 11 })).toMatchObject({ worst: null, spread: NaN });
  });
  it('has intervals around its gaps, the same for the same seed', () => {
    const { groups } = audit(rows, { resamples: 300, seed: 1 });
    for (const {
      gapToRest,
      gapToRestCi: [low, high],
    } of groups) {
      expect(low).toBeLessThan(gapToRest);
      expect(high).toBeGreaterThan(gapToRest);
    }
    expect(audit(rows, { resamples: 300, seed: 1 }).groups).toEqual(groups);
    expect(audit(rows).groups[0].gapToRestCi).toEqual([NaN, NaN]);
  });
  it('counts every row with a known target and a group once', () => {
    const row = fc.record({
      group: fc.constantFrom('a', 'b', '', null),
      target: fc.constantFrom(0, 1, NaN),
      score: fc.double({ min: 0, max: 1, noNaN: true }),
    });
    fc.assert(
      fc.property(fc.array(row, { maxLength: 30 }), (list) => {
        const { groups, missing } = audit(list);
        const counted = groups.reduce((sum, { rows: n }) => sum + n, 0);
        expect(counted).toBe(list.filter(({ group, target }) => group && !Number.isNaN(target)).length);
        expect(missing).toBe(list.filter(({ group }) => !group).length);
      }),
    );
  });
});
