import { comparisonFolder, modelNames } from '../../src/usage/model-names.js';

describe('modelNames(folders)', () => {
  it.each([
    [
      ['runs/a', 'runs/b'],
      ['a', 'b'],
    ],
    [
      ['runs/a/', 'elsewhere'],
      ['a', 'elsewhere'],
    ],
    [
      ['runs/a/evaluations/nih-test', 'runs/b/evaluations/nih-test'],
      ['a', 'b'],
    ],
    [
      ['runs/a', 'runs/a/evaluations/nih-test'],
      ['a', 'a (nih-test)'],
    ],
    [
      ['runs/a/evaluations/x-val', 'runs/a/evaluations/x-test', 'b'],
      ['a (x-val)', 'a (x-test)', 'b'],
    ],
    [
      ['one/a', 'two/a'],
      ['one/a', 'two/a'],
    ],
  ])('are those of the runs, as far as they tell them apart: %j', (folders, names) => {
    expect(modelNames(folders)).toEqual(names);
  });
});

describe('comparisonFolder(folders)', () => {
  it('lies beside the first run', () => {
    expect(comparisonFolder(['runs/a', 'runs/b'])).toBe('runs/compare-a-b');
    expect(comparisonFolder(['runs/a/evaluations/nih-test', 'runs/b/evaluations/nih-test'])).toBe('runs/compare-a-b');
    expect(comparisonFolder(['runs/a/evaluations/x-val', 'runs/a/evaluations/x-test'])).toBe(
      'runs/compare-a-x-val-a-x-test',
    );
  });
});
