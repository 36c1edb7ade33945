import fc from 'fast-check';
import { drawFolds, type Dataset } from '../src/index.js';

/** A data set of patients with the annotations of each of their images. */
function made(
  patients: readonly (readonly number[])[][],
  labels: readonly string[],
  test: readonly number[] = [],
): Dataset {
  const rows = patients.flatMap((images, p) =>
    images.map((cells, i) => ({ id: `${p}-${i}`, patient: `p${p}`, cells, isTest: test.includes(p) })),
  );
  return {
    name: 'made',
    format: 'test',
    reason: '',
    samples: rows.map(({ id, patient, isTest }, i) => ({
      id,
      image: `${id}.png`,
      patient,
      study: id,
      split: isTest ? 'test' : i % 2 === 0 ? 'train' : 'val',
    })),
    annotations: { labels, values: Float32Array.from(rows.flatMap(({ cells }) => [...cells])) },
    badRows: [],
    excluded: [],
    columns: { used: {}, unused: [] },
    remarks: [],
    hasOwnSplits: true,
  } as unknown as Dataset;
}

const countsOf = (foldOf: Int32Array, folds: number, isCounted: (row: number) => boolean): number[] =>
  Array.from({ length: folds }, (_, fold) => foldOf.filter((of, row) => of === fold && isCounted(row)).length);
const spread = (counts: readonly number[]): number => Math.max(...counts) - Math.min(...counts);

describe('drawFolds(dataset, { folds, seed })', () => {
  const cell = fc.constantFrom(1, 0, -1, NaN);
  const patients = fc.array(fc.array(fc.tuple(cell, cell, cell), { minLength: 1, maxLength: 4 }), {
    minLength: 6,
    maxLength: 40,
  });
  it('puts every image but those of the test split in one fold, patients whole, none empty', () => {
    fc.assert(
      fc.property(patients, fc.integer({ min: 2, max: 5 }), fc.nat(99), (people, folds, seed) => {
        const dataset = made(people, ['a', 'b', 'c'], [0]);
        const { foldOf } = drawFolds(dataset, { folds, seed });
        const ofPatient = new Map<string, Set<number>>();
        dataset.samples.forEach(({ patient }, row) =>
          ofPatient.set(patient, (ofPatient.get(patient) ?? new Set()).add(foldOf[row])),
        );
        expect([...ofPatient.values()].every(({ size }) => size === 1)).toBe(true);
        dataset.samples.forEach(({ split }, row) => expect(foldOf[row] === -1).toBe(split === 'test'));
        expect(new Set(foldOf.filter((fold) => fold >= 0)).size).toBe(folds);
      }),
      { numRuns: 100, seed: 1 },
    );
  });
  it('balances images, and images with and without a label, within 1 where patients have one image', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(1, 0), { minLength: 6, maxLength: 60 }), fc.nat(99), (values, seed) => {
        const { foldOf } = drawFolds(
          made(
            values.map((value) => [[value]]),
            ['a'],
          ),
          { folds: 3, seed },
        );
        expect(spread(countsOf(foldOf, 3, () => true))).toBeLessThanOrEqual(1);
        for (const side of [1, 0])
          expect(spread(countsOf(foldOf, 3, (row) => values[row] === side))).toBeLessThanOrEqual(1);
      }),
      { numRuns: 100, seed: 2 },
    );
  });
  it('counts what is masked on neither side: the known ones are balanced', () => {
    const values = Array.from({ length: 60 }, (_, i) => (i % 3 === 0 ? NaN : i % 2));
    const { foldOf } = drawFolds(
      made(
        values.map((value) => [[value]]),
        ['a'],
      ),
      { folds: 5, seed: 4 },
    );
    expect(countsOf(foldOf, 5, (row) => values[row] === 1)).toEqual([4, 4, 4, 4, 4]);
    expect(countsOf(foldOf, 5, (row) => values[row] === 0)).toEqual([4, 4, 4, 4, 4]);
    expect(countsOf(foldOf, 5, (row) => Number.isNaN(values[row]))).toEqual([4, 4, 4, 4, 4]);
  });
  it('draws the same folds for the same seed, and others for another', () => {
    const dataset = made(
      Array.from({ length: 30 }, (_, i) => [[i % 3 === 0 ? 1 : 0]]),
      ['a'],
    );
    const of = (seed: number): string => drawFolds(dataset, { folds: 3, seed }).foldOf.join();
    expect(of(1)).toBe(of(1));
    expect(of(1)).not.toBe(of(2));
  });
  it('names labels that too few patients have, and what that means', () => {
    const dataset = made(
      Array.from({ length: 12 }, (_, i) => [[Number(i < 2), Number(i === 3), 0, i === 0 ? 0 : NaN]]),
      ['two', 'one', 'none', 'blank'],
    );
    const { remarks, foldOf } = drawFolds(dataset, { folds: 3, seed: 0 });
    expect(foldOf[0]).not.toBe(foldOf[1]);
    expect(remarks).toEqual([
      'two: 2 patients with it, fewer than 3 folds: 1 of the folds has none of them to predict',
      'one: 1 patient with it, fewer than 3 folds: all are in one fold, whose model has seen none of them',
      'none: no image has it: it has no scores',
      'blank: no image has it: it has no scores',
      'blank: 1 patient without it, fewer than 3 folds: all are in one fold, whose model has seen none of them',
    ]);
  });
  it('refuses fewer patients than folds, and numbers of folds that are none', () => {
    const dataset = made([[[1]], [[0]], [[1]]], ['a']);
    expect(() => drawFolds(dataset, { folds: 4, seed: 0 })).toThrow(
      'expected at least as many patients with images to train on as folds (4), got 3; use fewer folds',
    );
    expect(() => drawFolds(dataset, { folds: 1, seed: 0 })).toThrow('expected folds to be a whole number of 2 or more');
  });
});
