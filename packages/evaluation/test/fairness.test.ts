import { sampleGroups, tableGroups } from '../src/fairness.js';

describe('sampleGroups(samples, attributes)', () => {
  const samples = [
    { sex: 'F' as const, age: 20, view: 'PA' },
    { sex: 'M' as const, age: 83, view: 'PA' },
    { age: 79.5, view: 'PA' },
  ];
  it('reads sex, age in twenties, and products; what is missing in one is missing in the product', () => {
    expect(sampleGroups(samples, ['sex', 'age', 'sex*age'])).toEqual({
      sex: ['F', 'M', null],
      age: ['20–39', '80+', '60–79'],
      'sex × age': ['F × 20–39', 'M × 80+', null],
    });
  });
  it('leaves out what all samples share, and refuses another attribute', () => {
    expect(sampleGroups(samples, ['view'])).toEqual({});
    expect(() => sampleGroups(samples, ['sex*race'])).toThrow(
      'expected fairness attributes of sex, age, view, or products such as sex*age, got race',
    );
  });
});

describe('tableGroups(header, rows)', () => {
  it('takes every column and the products of two; blanks are missing', () => {
    const groups = tableGroups(
      ['site', 'race'],
      [
        ['A', 'x'],
        ['B', ' '],
      ],
    );
    expect(groups).toEqual({ site: ['A', 'B'], race: ['x', null], 'site × race': ['A × x', null] });
  });
});
