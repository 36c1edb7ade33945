import { readFileSync } from 'node:fs';
import { applyPolicy, labelPolicies, labelPolicy, seedThreeClassTargets, selfTrainedTargets } from '../src/index.js';

interface PolicyCase {
  id: string;
  labels: string[];
  inputs: { raw: (number | null)[][] };
  expected: number[][] | { target: number[][]; mask: number[][] };
}
const golden = JSON.parse(
  readFileSync(new URL('../../../tools/golden/label_strategies.json', import.meta.url), 'utf8'),
) as {
  cases: PolicyCase[];
};

describe('applyPolicy(cells, labels, policy)', () => {
  it.each([
    ['seed-s1', 'strategy/S1'],
    ['seed-s2', 'strategy/S2'],
    ['u-zeros', 'chexpert/U-Zeros'],
    ['u-ones', 'chexpert/U-Ones'],
    ['u-ignore', 'chexpert/U-Ignore'],
  ])('%s equals the reference %s', (name, id) => {
    const { labels, inputs, expected } = golden.cases.find((one) => one.id === id)!;
    const { values } = applyPolicy(
      inputs.raw.flat().map((value) => value ?? NaN),
      labels,
      labelPolicy(name),
    );
    const { target, mask } = Array.isArray(expected) ? { target: expected, mask: undefined } : expected;
    target.flat().forEach((wanted, i) => {
      if (mask?.flat()[i] === 0) expect(values[i]).toBeNaN();
      else expect(values[i]).toBe(wanted);
    });
  });
  it('counts what it did', () => {
    const { counts } = applyPolicy([1, -1, NaN, 0, -1, 1], ['a', 'b'], labelPolicies['u-ignore']);
    expect(counts).toEqual([
      { label: 'a', positives: 1, negatives: 1, unknown: 1, uncertainCells: 1, blankCells: 1 },
      { label: 'b', positives: 1, negatives: 1, unknown: 1, uncertainCells: 1, blankCells: 0 },
    ]);
  });
  it('can leave blanks unknown', () => {
    expect([...applyPolicy([NaN, 0], ['a'], { uncertain: 'zeros', blank: 'ignore' }).values]).toEqual([NaN, 0]);
  });
  it('names the policies there are', () => {
    expect(() => labelPolicy('x')).toThrow(
      'expected a label policy of u-ignore, u-zeros, u-ones, seed-s1, seed-s2, got x',
    );
  });
});

describe('three classes', () => {
  it('seedThreeClassTargets: labels after No Finding overrule it, those before only where it says nothing', () => {
    const labels = ['Edema', 'No Finding', 'Pneumonia'];
    expect([...seedThreeClassTargets([1, 1, NaN], labels)]).toEqual([0, 0, 2]);
    expect([...seedThreeClassTargets([1, NaN, NaN], labels)]).toEqual([0, 1, 2]);
    expect([...seedThreeClassTargets([NaN, 1, 0], labels)]).toEqual([2, 1, 1]);
    expect([...seedThreeClassTargets([0, 1], ['Edema', 'Pneumonia'])]).toEqual([1, 0]);
  });
  it('selfTrainedTargets wants a probability for each cell', () => {
    expect([...selfTrainedTargets([1, -1, NaN], [0.5, 0.25, 0.75])]).toEqual([1, 0.25, 0]);
    expect(() => selfTrainedTargets([1, 0], [1])).toThrow('expected a probability for each of 2 cells, got 1');
  });
});
