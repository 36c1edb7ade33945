import { expectClose } from '@cxr-align/testkit';
import fc from 'fast-check';
import { retrieval } from '../src/index.js';

describe('retrieval(matrix, ks)', () => {
  it('is worked by hand, both ways', () => {
    // Three rows, three labels: the first row asks for label 0, the second for 1 and 2, the third for nothing.
    const targets = [1, 0, 0, 0, 1, 1, 0, 0, 0];
    const scores = [0.9, 0.8, 0.1, 0.7, 0.2, 0.6, 0.1, 0.9, 0.3];
    const { rowsToLabels, labelsToRows } = retrieval({ targets, scores, labels: 3 }, [1, 2, 9]);
    expect(rowsToLabels.queries).toBe(2);
    expectClose(rowsToLabels.recall, [0.5, 1, 1]);
    expectClose(rowsToLabels.precision, [0.5, 0.5, 0.5]);
    // Label 0: row 0 first. Label 1: rows 2, 0, then 1. Label 2: row 1 first.
    expectClose(labelsToRows.recall, [2 / 3, 2 / 3, 1]);
    expectClose(labelsToRows.precision, [2 / 3, 1 / 3, 1 / 3]);
  });
  it('leaves unknown answers out, and of equal scores counts the wrong ones first', () => {
    const known = { targets: [NaN, 1, 0], scores: [0.9, 0.5, 0.5], labels: 3 };
    expect(retrieval(known, [1, 2]).rowsToLabels).toMatchObject({ recall: [0, 1], precision: [0, 0.5], queries: 1 });
    expect(retrieval({ targets: [0, 0], scores: [1, 1], labels: 2 }, [1]).rowsToLabels.recall).toEqual([NaN]);
  });
  it('rises with k and ends with every query answered', () => {
    const cell = fc.record({ y: fc.constantFrom(0, 1, NaN), p: fc.double({ min: 0, max: 1, noNaN: true }) });
    fc.assert(
      fc.property(fc.array(cell, { minLength: 8, maxLength: 8 }), (cells) => {
        const matrix = { targets: cells.map(({ y }) => y), scores: cells.map(({ p }) => p), labels: 4 };
        for (const { recall, queries } of Object.values(retrieval(matrix, [1, 2, 4])))
          if (queries > 0 && !(recall[0] <= recall[1] && recall[1] <= recall[2] && recall[2] === 1)) return false;
        return true;
      }),
    );
  });
});
