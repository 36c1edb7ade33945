import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import {
  applyPolicy,
  composePolicy,
  decideByHierarchy,
  hardTargets,
  labelPolicies,
  labelPolicy,
  referenceThreeClassTargets,
  selfTrainedTargets,
} from '../src/index.js';

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

const none = { soft: 0, overruled: 0, byHierarchy: 0 };

describe('applyPolicy(annotations, policy)', () => {
  it.each([
    ['reference-s1', 'strategy/S1'],
    ['reference-s2', 'strategy/S2'],
    ['u-zeros', 'chexpert/U-Zeros'],
    ['u-ones', 'chexpert/U-Ones'],
    ['u-ignore', 'chexpert/U-Ignore'],
  ])('%s equals the reference %s', (name, id) => {
    const { labels, inputs, expected } = golden.cases.find((one) => one.id === id)!;
    const { values } = applyPolicy(
      { values: inputs.raw.flat().map((value) => value ?? NaN), labels },
      labelPolicy(name),
    );
    const { target, mask } = Array.isArray(expected) ? { target: expected, mask: undefined } : expected;
    target.flat().forEach((wanted, i) => {
      if (mask?.flat()[i] === 0) expect(values[i]).toBeNaN();
      else expect(values[i]).toBe(wanted);
    });
  });
  it('counts what it did', () => {
    const { counts } = applyPolicy({ values: [1, -1, NaN, 0, -1, 1], labels: ['a', 'b'] }, labelPolicies['u-ignore']);
    expect(counts).toEqual([
      { label: 'a', positives: 1, negatives: 1, unknown: 1, uncertain: 1, blank: 1, ...none },
      { label: 'b', positives: 1, negatives: 1, unknown: 1, uncertain: 1, blank: 0, ...none },
    ]);
  });
  it('can leave blanks unknown', () => {
    expect([
      ...applyPolicy({ values: [NaN, 0], labels: ['a'] }, { uncertain: 'zeros', blank: 'ignore' }).values,
    ]).toEqual([NaN, 0]);
  });
  it('names the policies there are', () => {
    expect(() => labelPolicy('x')).toThrow(
      'expected a label policy of u-ignore, u-zeros, u-ones, u-zeros-smoothed, u-ones-smoothed, u-multiclass, u-self-trained, u-hierarchy, reference-s1, reference-s2, reference-original, got x',
    );
    expect(() => labelPolicy('constructor')).toThrow('got constructor');
  });
});

describe('softened policies', () => {
  it('draw an uncertain target from a range above or below one half, the same for the same seed', () => {
    const cells = Array<number>(200).fill(-1);
    const of = (name: string, seed?: number): number[] => [
      ...applyPolicy({ values: cells, labels: ['a'] }, labelPolicy(name), { seed }).values,
    ];
    for (const [name, low, high] of [
      ['u-zeros-smoothed', 0, 0.3],
      ['u-ones-smoothed', 0.55, 0.85],
    ] as const) {
      const values = of(name);
      expect(Math.min(...values)).toBeGreaterThanOrEqual(low);
      expect(Math.max(...values)).toBeLessThanOrEqual(high + 1e-6);
      expect(Math.max(...values) - Math.min(...values)).toBeGreaterThan(0.2);
      expect(of(name)).toEqual(values);
      expect(of(name, 1)).not.toEqual(values);
    }
    expect(applyPolicy({ values: [-1, 1], labels: ['a'] }, labelPolicy('u-ones-smoothed')).counts[0].soft).toBe(1);
  });
  it('take the probability of an earlier model', () => {
    const { values } = applyPolicy({ values: [1, -1, NaN], labels: ['a'] }, labelPolicy('u-self-trained'), {
      estimates: [0, 0.25, 1],
    });
    expect([...values]).toEqual([1, 0.25, 0]);
    expect([...hardTargets(values)]).toEqual([1, NaN, 0]);
    expect(() => applyPolicy({ values: [1], labels: ['a'] }, labelPolicy('u-self-trained'))).toThrow(
      'for each of 1 annotations, got none',
    );
  });
});

describe('composePolicy(name, { byLabel, noFinding })', () => {
  it('treats some labels by another policy', () => {
    const policy = composePolicy('u-zeros', {
      byLabel: { b: 'u-ones', Edema: 'reference-s1', c: 'reference-original' },
    });
    const { values } = applyPolicy(
      { values: [-1, -1, -1, -1, NaN, NaN, NaN, NaN], labels: ['a', 'b', 'Edema', 'c'] },
      policy,
    );
    expect([...values]).toEqual([0, 1, 1, NaN, 0, 0, 0, NaN]);
  });
  it('refuses an unknown one', () => {
    expect(() => composePolicy('u-zeros', { byLabel: { a: 'x' } })).toThrow('got x');
  });
});

describe('No Finding', () => {
  const labels = ['No Finding', 'Edema', 'Support Devices'];
  const of = (noFinding: 'as-is' | 'exclusive' | 'derived', ...row: number[]): number =>
    applyPolicy({ values: row, labels }, composePolicy('u-ignore', { noFinding })).values[0];
  it('is what its column says', () => expect(of('as-is', 1, 1, 0)).toBe(1));
  it('exclusive: gives way to any finding, not to a device', () => {
    expect(of('exclusive', 1, 1, 0)).toBe(0);
    expect(of('exclusive', 1, 0, 1)).toBe(1);
    expect(of('exclusive', NaN, 1, 0)).toBe(0);
  });
  it('derived: follows from the others, and is unknown where one of them is', () => {
    expect(of('derived', NaN, 0, 1)).toBe(1);
    expect(of('derived', 1, 1, 0)).toBe(0);
    expect(of('derived', 1, -1, 0)).toBeNaN();
  });
  it('counts what was overruled', () => {
    const { counts } = applyPolicy(
      { values: [1, 1, 0], labels },
      composePolicy('u-ignore', { noFinding: 'exclusive' }),
    );
    expect(counts.map(({ overruled }) => overruled)).toEqual([1, 0, 0]);
  });
  it("reference-original equals the reference, with the first implementation's side effect", () => {
    const {
      labels: columns,
      inputs,
      expected,
    } = golden.cases.find(({ id }) => id === 'strategy/original_3class_as_coded')!;
    const cells = inputs.raw.flat().map((value) => value ?? NaN);
    const { values } = applyPolicy({ values: cells, labels: columns }, labelPolicy('reference-original'));
    const codes = [...values].map((value) => (Number.isNaN(value) ? 2 : 1 - value));
    expect(codes).toEqual((expected as number[][]).flat());
  });
});

describe('decideByHierarchy(annotations, ancestors)', () => {
  const ancestors = [[], [0], [1, 0]]; // c below b below a
  const of = (...row: number[]): number[] => [
    ...decideByHierarchy({ values: row, labels: ['a', 'b', 'c'] }, ancestors),
  ];
  it('makes what is above a present label present, where nothing else is said', () => {
    expect(of(NaN, -1, 1)).toEqual([1, 1, 1]);
    expect(of(0, -1, 1)).toEqual([0, 1, 1]);
  });
  it('makes what is below an absent label absent, where nothing else is said', () => {
    expect(of(0, -1, NaN)).toEqual([0, 0, 0]);
    expect(of(1, 0, -1)).toEqual([1, 0, 0]);
  });
  it('leaves an uncertain label below a present one uncertain, and makes a blank above it uncertain', () => {
    expect(of(1, -1, NaN)).toEqual([1, -1, NaN]);
    expect(of(NaN, NaN, -1)).toEqual([-1, -1, -1]);
  });
  it('never changes a cell that says 0 or 1, and changes nothing the second time', () => {
    const cell = fc.constantFrom(0, 1, -1, NaN);
    fc.assert(
      fc.property(fc.tuple(cell, cell, cell), (row) => {
        const once = of(...row);
        row.forEach((value, i) => {
          if (value === 0 || value === 1) expect(once[i]).toBe(value);
        });
        expect(of(...once)).toEqual(once);
      }),
    );
  });
  it('is what u-hierarchy does first, and asks for the hierarchy', () => {
    const { values, counts } = applyPolicy(
      { values: [NaN, -1, -1, 0, -1, -1], labels: ['a', 'b', 'c'] },
      labelPolicy('u-hierarchy'),
      {
        ancestors,
      },
    );
    expect([...values]).toEqual([NaN, NaN, NaN, 0, 0, 0]);
    expect(counts.map(({ byHierarchy }) => byHierarchy)).toEqual([1, 1, 1]);
    expect(() => applyPolicy({ values: [1], labels: ['a'] }, labelPolicy('u-hierarchy'))).toThrow(
      'expected the ancestors of each label',
    );
  });
});

describe('three classes', () => {
  it('referenceThreeClassTargets: labels after No Finding overrule it, those before only where it says nothing', () => {
    const labels = ['Edema', 'No Finding', 'Pneumonia'];
    expect([...referenceThreeClassTargets({ values: [1, 1, NaN], labels })]).toEqual([0, 0, 2]);
    expect([...referenceThreeClassTargets({ values: [1, NaN, NaN], labels })]).toEqual([0, 1, 2]);
    expect([...referenceThreeClassTargets({ values: [NaN, 1, 0], labels })]).toEqual([2, 1, 1]);
    expect([...referenceThreeClassTargets({ values: [0, 1], labels: ['Edema', 'Pneumonia'] })]).toEqual([1, 0]);
  });
  it('selfTrainedTargets wants a probability for each cell', () => {
    expect([...selfTrainedTargets([1, -1, NaN], [0.5, 0.25, 0.75])]).toEqual([1, 0.25, 0]);
    expect(() => selfTrainedTargets([1, 0], [1])).toThrow('expected a probability for each of 2 annotations, got 1');
  });
});

describe('applyPolicy(annotations) with labels that nobody looked for', () => {
  const cells = [NaN, NaN, -1, 1];
  const notLabelled = Uint8Array.of(1, 0, 0, 0);
  it('leaves their targets unknown, whatever the policy does with blanks', () => {
    for (const [name, policy] of Object.entries(labelPolicies)) {
      if (policy.uncertain === 'estimate') continue;
      const { values } = applyPolicy({ values: cells, labels: ['A', 'B'], notLabelled }, policy, {
        ancestors: [[], []],
      });
      expect([name, values[0]]).toEqual([name, NaN]);
    }
    expect([...applyPolicy({ values: cells, labels: ['A', 'B'], notLabelled }, labelPolicy('u-ones')).values]).toEqual([
      NaN,
      0,
      1,
      1,
    ]);
  });
  it('refuses marks of another data set', () => {
    expect(() => applyPolicy({ values: cells, labels: ['A', 'B'], notLabelled: [1] }, labelPolicy('u-ones'))).toThrow(
      'expected a mark for each of 4 values, got 1',
    );
  });
});
