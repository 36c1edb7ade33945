import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { describeBackends, expectClose, expectGradient, expectNoLeak, gradientOf, numbersOf } from '@cxr-align/testkit';
import { graphAlignmentLoss, type GraphAlignmentOptions } from '../src/index.js';

const target = [
  [1, 0.8, 0.1, 0.2],
  [0.8, 1, 0.3, 0.1],
  [0.1, 0.3, 1, 0.6],
  [0.2, 0.1, 0.6, 1],
];
const rows = [
  [1, 0.5, 0],
  [0.3, 1, 0.2],
  [-0.5, 0.1, 1],
  [0.6, -1, 0.4],
];
const lossOf = (embeddings: number[][][], goal = target, options: GraphAlignmentOptions = {}): number =>
  tf.tidy(() => numbersOf(graphAlignmentLoss(tf.tensor3d(embeddings), tf.tensor2d(goal), options))[0]);

/** 1 − Pearson's r over pairs i < j, by loops. */
function plain(embeddings: number[][], goal: number[][]): number {
  const cosine = (a: number[], b: number[]) =>
    a.reduce((sum, x, i) => sum + x * b[i], 0) / (Math.hypot(...a) * Math.hypot(...b));
  const pairs = embeddings.flatMap((a, i) => embeddings.slice(i + 1).map((b, k) => [cosine(a, b), goal[i][i + 1 + k]]));
  const mean = (at: number) => pairs.reduce((sum, pair) => sum + pair[at], 0) / pairs.length;
  const [mx, my] = [mean(0), mean(1)];
  const sum = (f: (x: number, y: number) => number) => pairs.reduce((total, [x, y]) => total + f(x - mx, y - my), 0);
  return 1 - sum((x, y) => x * y) / Math.sqrt(sum((x) => x * x) * sum((_, y) => y * y));
}

describeBackends('graphAlignmentLoss(embeddings, target)', () => {
  it('equals one minus the correlation over pairs, by loops', () => {
    expectClose(lossOf([rows]), plain(rows, target));
  });
  it('does not mind scale, shift or diagonal of the target', () => {
    const moved = target.map((row, i) => row.map((value, j) => (i === j ? 77 : 3 * value - 2)));
    expectClose(lossOf([rows], moved), lossOf([rows]));
  });
  it('is 0 where the cosines are the target, in both forms', () => {
    const own = rows.map((a) =>
      rows.map((b) => a.reduce((sum, x, i) => sum + x * b[i], 0) / (Math.hypot(...a) * Math.hypot(...b))),
    );
    expectClose(lossOf([rows], own), 0);
    expectClose(lossOf([rows], own, { form: 'kernel' }), 0);
  });
  it('stays in [0, 2]', () => {
    const number = fc.double({ min: -3, max: 3, noNaN: true });
    const matrix = fc.array(fc.tuple(number, number, number), { minLength: 4, maxLength: 4 });
    fc.assert(
      fc.property(matrix, fc.constantFrom('correlation' as const, 'kernel' as const), (embeddings, form) => {
        const loss = lossOf([embeddings], target, { form });
        expect(loss).toBeGreaterThanOrEqual(-1e-5);
        expect(loss).toBeLessThanOrEqual(2 + 1e-5);
      }),
      { numRuns: 40 },
    );
  });
  it.each(['correlation', 'kernel'] as const)(
    'has the gradient of its own formula (%s), finite where all rows are alike',
    (form) => {
      const of = (x: tf.Tensor) => graphAlignmentLoss(x as tf.Tensor3D, tf.tensor2d(target), { form });
      expectGradient(of, [rows, rows.map((row) => [...row].reverse())]);
      const zeros = Array.from({ length: 4 }, () => [0, 0, 0]);
      expect(gradientOf(of, [zeros]).every(Number.isFinite)).toBe(true);
    },
  );
  it('leaves no tensor behind, and the target as it was', () => {
    const embeddings = tf.tensor3d([rows]);
    const goal = tf.tensor2d(target);
    expectNoLeak(() => graphAlignmentLoss(embeddings, goal));
    expectClose(goal, target);
    tf.dispose([embeddings, goal]);
  });
  it('wants three labels', () => {
    tf.tidy(() =>
      expect(() => graphAlignmentLoss(tf.zeros([1, 2, 3]), tf.zeros([2, 2]))).toThrow(
        'expected 3 or more labels, got 2',
      ),
    );
  });
});
