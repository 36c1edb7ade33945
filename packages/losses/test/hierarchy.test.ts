import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { describeBackends, expectClose, expectGradient, expectNoLeak, numbersOf } from '@cxr-align/testkit';
import { binaryCrossEntropyLoss, enforceHierarchy, maxConstraintLoss, hierarchyViolationLoss } from '../src/index.js';

/** 0 is above 1 and 2, 1 is above 2; 3 stands alone. */
const below = [[1, 2], [2], [], []];
const logits = [
  [0.5, 1.5, -1, 0.2],
  [-0.4, 0.1, 0.9, -2],
];
const targets = [
  [1, 1, 0, 0],
  [1, 1, 1, 0],
];

/** Entry by entry, from the definition. */
function plain(z: number[][], y: number[][]): number {
  const losses = z.flatMap((row, b) =>
    row.map((_, i) => {
      const reach = [i, ...below[i]];
      const absent = Math.max(...reach.map((j) => row[j]));
      const present = Math.max(...reach.filter((j) => y[b][j] === 1).map((j) => row[j]));
      return y[b][i] === 1 ? Math.log1p(Math.exp(-present)) : Math.log1p(Math.exp(absent));
    }),
  );
  return losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
}

describeBackends('maxConstraintLoss(logits, targets, { descendants })', () => {
  it('equals the definition, entry by entry', () => {
    tf.tidy(() =>
      expectClose(
        maxConstraintLoss(tf.tensor2d(logits), tf.tensor2d(targets), { descendants: below }),
        plain(logits, targets),
      ),
    );
  });
  it('is plain cross entropy where nothing is above anything', () => {
    tf.tidy(() => {
      const [z, y] = [tf.tensor2d(logits), tf.tensor2d(targets)];
      expectClose(maxConstraintLoss(z, y, { descendants: [[], [], [], []] }), binaryCrossEntropyLoss(z, y));
    });
  });
  it('has the gradient of its own formula', () => {
    expectGradient((z) => maxConstraintLoss(z, tf.tensor2d(targets), { descendants: below }), logits);
  });
  it('stays finite at ±100 and leaves no tensor behind', () => {
    const z = tf.tensor2d([[100, -100, 100, -100]]);
    const y = tf.tensor2d([[0, 1, 0, 1]]);
    expect(numbersOf(maxConstraintLoss(z, y, { descendants: below })).every(Number.isFinite)).toBe(true);
    expectNoLeak(() => maxConstraintLoss(z, y, { descendants: below }));
    tf.dispose([z, y]);
  });
  it('wants the descendants of every label, as lists', () => {
    tf.tidy(() => {
      const of = (descendants: unknown) => () =>
        maxConstraintLoss(tf.zeros([1, 3]), tf.zeros([1, 3]), { descendants: descendants as number[][] });
      expect(of([[1], []])).toThrow('expected the descendants of each of 3 labels, got 2; use [] for a leaf');
      expect(of([[1], [], 2])).toThrow('expected descendants[2] to be an array, got 2');
      expect(of(undefined)).toThrow('expected the option descendants, got none');
    });
  });
  it('says which index is out of range', () => {
    tf.tidy(() =>
      expect(() => maxConstraintLoss(tf.zeros([1, 2]), tf.zeros([1, 2]), { descendants: [[2], []] })).toThrow(
        'expected label indices in [0, 1], got 2',
      ),
    );
  });
});

describeBackends('enforceHierarchy(logits, { descendants })', () => {
  it('lifts every parent to its children', () => {
    tf.tidy(() =>
      expectClose(enforceHierarchy(tf.tensor2d(logits), { descendants: below }), [
        [1.5, 1.5, -1, 0.2],
        [0.9, 0.9, 0.9, -2],
      ]),
    );
  });
});

describeBackends('hierarchyViolationLoss(logits, { edges })', () => {
  const edges = [
    { parent: 0, child: 1 },
    { parent: 1, child: 2 },
  ];
  const sigmoid = (z: number): number => 1 / (1 + Math.exp(-z));
  it('is the mean excess of children over parents', () => {
    const excess = logits.flatMap((row) =>
      edges.map(({ parent, child }) => Math.max(0, sigmoid(row[child]) - sigmoid(row[parent]))),
    );
    tf.tidy(() =>
      expectClose(
        hierarchyViolationLoss(tf.tensor2d(logits), { edges }),
        excess.reduce((a, b) => a + b) / excess.length,
      ),
    );
  });
  it('is 0 for logits that are consistent with the hierarchy', () => {
    const number = fc.double({ min: -5, max: 5, noNaN: true });
    fc.assert(
      fc.property(fc.tuple(number, number, number, number), (row) => {
        tf.tidy(() =>
          expectClose(
            hierarchyViolationLoss(enforceHierarchy(tf.tensor2d([row]), { descendants: below }), { edges }),
            0,
          ),
        );
      }),
      { numRuns: 20 },
    );
  });
  it('has the gradient of its own formula', () => {
    expectGradient((z) => hierarchyViolationLoss(z, { edges }), logits);
  });
  it('wants an edge', () => {
    tf.tidy(() =>
      expect(() => hierarchyViolationLoss(tf.zeros([1, 2]), { edges: [] })).toThrow('expected at least one edge'),
    );
  });
});
