import fc from 'fast-check';
import {
  conditionalProbabilities,
  countCooccurrence,
  countNodes,
  jaccardIndices,
  LabelGraph,
  labelMatrix,
  phiCoefficients,
  pointwiseMutualInformation,
} from '../src/index.js';

// a: rows 0 1 2, b: rows 1 2 3, c: never; 4 rows. −1 and NaN are not present.
const cells = [1, 0, 0, 1, 1, -1, 1, 1, NaN, 0, 1, 0];
const counts = countCooccurrence(cells, ['a', 'b', 'c']);

describe('countCooccurrence(cells, labels)', () => {
  it('counts the rows with both, and the positives on the diagonal', () => {
    expect([...counts.values]).toEqual([3, 2, 0, 2, 3, 0, 0, 0, 0]);
    expect(counts.rows).toBe(4);
  });
  it('equals a plain count on any table', () => {
    const cell = fc.constantFrom(0, 1, -1, NaN);
    fc.assert(
      fc.property(fc.array(fc.array(cell, { minLength: 4, maxLength: 4 }), { maxLength: 20 }), (rows) => {
        const { values } = countCooccurrence(rows.flat(), ['a', 'b', 'c', 'd']);
        const plain = [0, 1, 2, 3].flatMap((i) =>
          [0, 1, 2, 3].map((j) => rows.filter((row) => row[i] === 1 && row[j] === 1).length),
        );
        expect([...values]).toEqual(plain);
      }),
    );
  });
});

describe('measures of co-occurrence, worked by hand', () => {
  it('conditional probability: of the column where the row is present', () => {
    const uneven = countCooccurrence([1, 1, 1, 1, 1, 0, 1, 0], ['a', 'b']); // a always, b in half of the rows
    expect([...conditionalProbabilities(uneven).values]).toEqual([1, 0.5, 1, 1]);
    expect([...conditionalProbabilities(counts).values].slice(6)).toEqual([NaN, NaN, NaN]);
  });
  it('phi: the correlation of 0 and 1', () => {
    const [, ab, ac] = phiCoefficients(counts).values;
    expect(ab).toBeCloseTo((2 * 4 - 3 * 3) / (3 * 1), 6); // −1/3
    expect(ac).toBeNaN();
    expect(phiCoefficients(counts).values[0]).toBe(1);
  });
  it('pointwise mutual information', () => {
    expect(pointwiseMutualInformation(counts).values[1]).toBeCloseTo(Math.log(2 / 4 / ((3 / 4) * (3 / 4))), 6);
    expect(pointwiseMutualInformation(countCooccurrence([1, 0, 0, 1], ['a', 'b'])).values[1]).toBe(-Infinity);
  });
  it('Jaccard index', () => {
    expect(jaccardIndices(counts).values[1]).toBe(0.5); // 2 of the 4 rows with either
    expect(jaccardIndices(counts).values[8]).toBeNaN();
  });
});

describe('countNodes(cells, graph)', () => {
  it('counts a row once for everything that its labels imply, groups too', () => {
    const graph = new LabelGraph({
      name: 'g',
      labels: [
        { name: 'top', group: true },
        { name: 'a', parents: ['top'] },
        { name: 'b', parents: ['top'] },
        { name: 'c', parents: ['a'] },
      ],
    });
    const { rows, positives } = countNodes([0, 1, 1, 0, 0, 1, 0, 0, 0, 1, 1, 0], graph);
    expect(rows).toBe(4);
    expect(Object.fromEntries(positives)).toMatchObject({ top: 3, a: 3, b: 2, c: 2 });
  });
});

describe('labelMatrix(kind, graph, cells)', () => {
  const graph = new LabelGraph({ name: 'g', labels: [{ name: 'a' }, { name: 'b', parents: ['a'] }] });
  it('makes each by its name', () => {
    expect([...labelMatrix('path-distance', graph).values]).toEqual([0, 1, 1, 0]);
    expect([...labelMatrix('co-occurrence', graph, [1, 1, 1, 0]).values]).toEqual([2, 1, 1, 1]);
  });
  it('asks for a table where it has to count, in rows of the labels', () => {
    expect(() => labelMatrix('phi', graph)).toThrow('expected annotations to count phi from, got none');
    expect(() => labelMatrix('lin', graph, [1, 0, 1])).toThrow('expected rows of 2 annotations, got 3 values');
  });
});
