// What every loss promises, whatever it computes: reductions, masks, finite values and gradients, no leak, errors.
import { RandomStream } from '@cxr-align/random';
import { describeBackends, expectClose, expectGradient, expectNoLeak, gradientOf, numbersOf } from '@cxr-align/testkit';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import * as losses from '../src/index.js';
import type { Reduction } from '../src/index.js';

const [batch, labels, dim] = [3, 4, 5];

interface Given {
  targets: tf.Tensor2D;
  reduction?: Reduction;
  mask?: tf.Tensor;
}

interface Promise {
  /** Shape of the input that is learned. */
  input: number[];
  /** Shape of the entries that `reduction: 'none'` gives. */
  entries: number[];
  /** Shape of the mask, if there is one. */
  mask?: number[];
  /** The mask is over targets: what they say where it is 0 must not matter. */
  masksTargets?: boolean;
  run: (x: tf.Tensor, given: Given) => tf.Tensor;
  /** How the mean follows from the entries, where it is not their plain mean over the known ones. */
  mean?: 'sum' | 'none';
  /** Samples along the first axis may come in any order. */
  ordered?: boolean;
}

const values = (purpose: string, shape: number[]): tf.Tensor =>
  tf.tensor(
    new RandomStream({ seed: 5, purpose }).normals(
      shape.reduce((a, b) => a * b, 1),
      1,
    ),
    shape,
  );
const rows = (shape: number[], purpose: string) => values(purpose, shape) as tf.Tensor2D;
const prompts = () => ({ positive: rows([labels, dim], 'positive'), negative: rows([labels, dim], 'negative') });
const similarity = () =>
  tf.tidy(() => tf.sigmoid(tf.add(rows([labels, labels], 't'), tf.transpose(rows([labels, labels], 't')))));
const [perLabel, perImage, perEmbedding] = [[batch, labels], [batch], [batch, labels, dim]];
const counts = [3, 50, 8, 20];
const descendants = [[1, 2], [2], [], []];
const classification = { input: perLabel, entries: perLabel, mask: perLabel, masksTargets: true };
type Any = any; // eslint-disable-line @typescript-eslint/no-explicit-any

const promises: Record<string, Promise> = {
  binaryCrossEntropy: {
    ...classification,
    run: (x, { targets, ...rest }) =>
      losses.binaryCrossEntropy(x as Any, targets, { posWeight: tf.tensor1d(counts), ...rest } as Any),
  },
  'binaryCrossEntropy, smoothed': {
    ...classification,
    run: (x, { targets, ...rest }) =>
      losses.binaryCrossEntropy(x as Any, targets, { labelSmoothing: 0.1, ...rest } as Any),
  },
  focalLoss: { ...classification, run: (x, { targets, ...rest }) => losses.focalLoss(x as Any, targets, rest as Any) },
  asymmetricLoss: {
    ...classification,
    run: (x, { targets, ...rest }) => losses.asymmetricLoss(x as Any, targets, { clip: 0.02, ...rest } as Any),
  },
  robustAsymmetricLoss: {
    ...classification,
    run: (x, { targets, ...rest }) => losses.robustAsymmetricLoss(x as Any, targets, rest as Any),
  },
  multiLabelLdamLoss: {
    ...classification,
    run: (x, { targets, ...rest }) =>
      losses.multiLabelLdamLoss(x as Any, targets, { counts, scale: 2, labelSmoothing: 0.1, ...rest } as Any),
  },
  distributionBalancedLoss: {
    ...classification,
    run: (x, { targets, ...rest }) =>
      losses.distributionBalancedLoss(x as Any, targets, { counts, total: 90, ...rest } as Any),
  },
  maxConstraintLoss: {
    ...classification,
    masksTargets: false, // an unknown child still has a say in its parent's target
    run: (x, { targets, ...rest }) => losses.maxConstraintLoss(x as Any, targets, descendants, rest as Any),
  },
  violationHinge: {
    input: perLabel,
    entries: [batch, 2],
    run: (x, { reduction }) =>
      losses.violationHinge(
        x as Any,
        [
          { parent: 0, child: 1 },
          { parent: 2, child: 3 },
        ],
        { reduction },
      ),
  },
  threeClassCrossEntropy: {
    input: [batch, labels, 3],
    entries: perLabel,
    mask: perLabel,
    masksTargets: true,
    run: (x, { targets, ...rest }) =>
      losses.threeClassCrossEntropy(x as Any, targets, { labelSmoothing: 0.1, ...rest } as Any),
  },
  ldamLoss: {
    input: [batch, labels],
    entries: perImage,
    mask: perImage,
    ordered: true,
    run: (x, given) =>
      losses.ldamLoss(x as Any, tf.tensor1d([0, 3, 1], 'int32'), { counts, scale: 2, ...options(given) }),
  },
  'labelConditionedAlignment, pair': {
    input: perEmbedding,
    entries: perLabel,
    mask: perLabel,
    masksTargets: true,
    run: (x, { targets, ...rest }) =>
      losses.labelConditionedAlignment(x as Any, prompts(), targets, { logitScale: 1, ...rest } as Any).pair,
  },
  'labelConditionedAlignment, loss': {
    input: perEmbedding,
    entries: perLabel,
    mask: perLabel,
    masksTargets: true,
    mean: 'none',
    run: (x, { targets, ...rest }) =>
      losses.labelConditionedAlignment(x as Any, prompts(), targets, {
        logitScale: 1,
        symmetric: true,
        related: tf.oneHot(tf.tensor1d([1, 0, 3, 2], 'int32'), labels) as Any,
        ...rest,
      } as Any).loss,
  },
  'labelContrastiveLoss, standard': {
    input: perEmbedding,
    entries: perLabel,
    mask: perLabel,
    run: (x, given) =>
      losses.labelContrastiveLoss(x as Any, prompts().positive, { logitScale: 1, ...options(given) }).loss,
  },
  'labelContrastiveLoss, seed, prompts of each image': {
    input: perEmbedding,
    entries: perLabel,
    mask: perLabel,
    ordered: true,
    run: (x, given) =>
      losses.labelContrastiveLoss(x as Any, values('each', perEmbedding) as Any, { variant: 'seed', ...options(given) })
        .loss,
  },
  imageTextContrastive: {
    input: [batch, dim],
    entries: perImage,
    mask: perImage,
    ordered: true,
    run: (x, given) =>
      losses.imageTextContrastive(x as Any, rows([batch, dim], 'texts'), {
        logitScale: 1,
        labelSmoothing: 0.1,
        ...options(given),
      }).loss,
  },
  sigmoidContrastive: {
    input: [batch, dim],
    entries: perImage,
    ordered: true,
    run: (x, { reduction }) =>
      losses.sigmoidContrastive(x as Any, rows([batch, dim], 'texts'), { bias: -1, reduction }),
  },
  softLabelContrastive: {
    input: [batch, batch],
    entries: perImage,
    ordered: true,
    run: (x, { targets, reduction }) => losses.softLabelContrastive(x as Any, targets, targets, { reduction }).loss,
  },
  softLabelPairLoss: {
    input: [batch, batch],
    entries: [batch, batch],
    mask: [batch, batch],
    ordered: true,
    run: (x, { targets, ...rest }) => losses.softLabelPairLoss(x as Any, targets, targets, rest as Any),
  },
  supervisedContrastive: {
    input: [batch, dim],
    entries: perImage,
    mean: 'none',
    run: (x, { targets, reduction }) =>
      losses.supervisedContrastive(x as Any, targets, { temperature: 0.5, reduction }),
  },
  orthogonalLoss: {
    input: [labels, dim],
    entries: [labels],
    run: (x, { reduction }) => losses.orthogonalLoss(x as Any, { reduction }),
  },
  absoluteCosineLoss: {
    input: [batch, dim],
    entries: perImage,
    mean: 'none',
    run: (x, { reduction }) => losses.absoluteCosineLoss(x as Any, { reduction }),
  },
  identityCrossEntropy: {
    input: perEmbedding,
    entries: perLabel,
    run: (x, { reduction }) => losses.identityCrossEntropy(x as Any, { logitScale: 1, reduction }),
  },
  covarianceLoss: {
    input: [batch, dim],
    entries: [dim],
    run: (x, { reduction }) => losses.covarianceLoss(x as Any, { reduction }),
  },
  redundancyLoss: {
    input: [batch, dim],
    entries: [dim],
    ordered: true,
    mean: 'sum',
    run: (x, { reduction }) => losses.redundancyLoss(x as Any, rows([batch, dim], 'other view'), { reduction }),
  },
  'graphAlignment, correlation': {
    input: perEmbedding,
    entries: perImage,
    run: (x, { reduction }) => losses.graphAlignment(x as Any, similarity() as Any, { reduction }),
  },
  'graphAlignment, kernel': {
    input: perEmbedding,
    entries: perImage,
    run: (x, { reduction }) => losses.graphAlignment(x as Any, similarity() as Any, { form: 'kernel', reduction }),
  },
  gramMatrixLoss: {
    input: perEmbedding,
    entries: perImage,
    run: (x, { reduction }) => losses.gramMatrixLoss(x as Any, similarity() as Any, { reduction }),
  },
  neighbourDivergence: {
    input: perEmbedding,
    entries: perLabel,
    run: (x, { reduction }) =>
      losses.neighbourDivergence(x as Any, similarity() as Any, { temperature: 0.5, reduction }),
  },
  secondOrderGraphLoss: {
    input: [batch, labels, labels],
    entries: perLabel,
    run: (x, { reduction }) => losses.secondOrderGraphLoss(x as Any, similarity() as Any, { reduction }),
  },
};

/** The options of a loss that has no targets. */
function options({ reduction, mask }: Given): Any {
  return { reduction, ...(mask && { mask }) };
}

const someTargets = () => tf.tensor2d([1, 0, 0, 1, 0, 1, 1, 0, 1, 1, 0, 0], [batch, labels]);
const input = ({ input: shape }: Promise) => values('input', shape);
const scalarOf = (x: tf.Tensor): number => numbersOf(x)[0];
const total = (x: number[]): number => x.reduce((a, b) => a + b, 0);

describe('the contract', () => {
  it('is signed by every loss', () => {
    const notALoss =
      /^(taskGradients|similarityLogits|coherentLogits|gradient|deferred|effective|ldamMargins|taskDifficulty|uncertaintyWeighted|seedUncertainty|[A-Z]|initialLogitScale|maxLogitScale)/;
    const signed = new Set(Object.keys(promises).map((name) => name.split(',')[0]));
    expect(Object.keys(losses).filter((name) => !notALoss.test(name) && !signed.has(name))).toEqual([]);
  });
});

for (const [name, promise] of Object.entries(promises)) {
  describeBackends(name, () => {
    it('has one entry for each of its parts; sum and mean follow from them', () => {
      tf.tidy(() => {
        const targets = someTargets();
        const entries = promise.run(input(promise), { targets, reduction: 'none' });
        expect(entries.shape).toEqual(promise.entries);
        const sum = total(numbersOf(entries));
        expectClose(promise.run(input(promise), { targets, reduction: 'sum' }), sum);
        const byDefault = promise.run(input(promise), { targets });
        expect(byDefault.shape).toEqual([]);
        if (promise.mean === undefined) expectClose(byDefault, sum / entries.size);
        if (promise.mean === 'sum') expectClose(byDefault, sum);
      });
    });

    if (promise.mask) {
      it('leaves out what the mask leaves out', () => {
        tf.tidy(() => {
          const size = promise.mask!.reduce((a, b) => a * b, 1);
          const known = Array.from({ length: size }, (_, i) => (i % 3 === 1 ? 0 : 1));
          const mask = tf.tensor(known, promise.mask);
          const targets = someTargets();
          const all = numbersOf(promise.run(input(promise), { targets, reduction: 'none' }));
          const kept = numbersOf(promise.run(input(promise), { targets, mask, reduction: 'none' }));
          expectClose(
            kept,
            all.map((value, i) => value * known[i]),
          );
          if (promise.mean === undefined) {
            expectClose(promise.run(input(promise), { targets, mask }), total(kept) / total(known));
            expectClose(promise.run(input(promise), { targets, mask: tf.zerosLike(mask) }), 0);
          }
          if (!promise.masksTargets) return;
          const unknownSayOther = tf.tensor2d(
            numbersOf(targets).map((y, i) => (known[i] ? y : 1 - y)),
            [batch, labels],
          );
          expectClose(
            promise.run(input(promise), { targets: unknownSayOther, mask }),
            scalarOf(promise.run(input(promise), { targets, mask })),
          );
        });
      });
    }

    it('is finite at zero, at ±100 and at equal entries, and so is its gradient', () => {
      tf.tidy(() => {
        const signs = tf.sign(input(promise));
        for (const x of [
          tf.zeros(promise.input),
          tf.mul(signs, 100),
          tf.fill(promise.input, 100),
          tf.fill(promise.input, -100),
        ]) {
          const run = (z: tf.Tensor) => promise.run(z, { targets: someTargets() });
          expect(Number.isFinite(scalarOf(run(x)))).toBe(true);
          expect(gradientOf(run, x).every(Number.isFinite)).toBe(true);
        }
      });
    });

    it('has the gradient of its values', () => {
      tf.tidy(() => expectGradient((x) => promise.run(x, { targets: someTargets() }), tf.mul(input(promise), 0.8)));
    });

    it('keeps no tensor', () => {
      const x = input(promise);
      const targets = someTargets();
      expectNoLeak(() => tf.tidy(() => promise.run(x, { targets })));
      tf.dispose([x, targets]);
    });

    it('says where, what was expected and what it got', () => {
      tf.tidy(() => {
        const where = name.split(',')[0];
        const wrong = tf.zeros([...promise.input, 2, 2]);
        expect(() => promise.run(wrong, { targets: someTargets() })).toThrow(
          new RegExp(`^losses/${where}: expected \\w+ of shape \\[.*\\], got \\[.*\\]; its axes are`),
        );
      });
    });

    if (!promise.ordered && promise.input[0] === batch) {
      it('does not mind the order of the samples', () => {
        fc.assert(
          fc.property(fc.shuffledSubarray([0, 1, 2], { minLength: 3 }), (order) => {
            tf.tidy(() => {
              const index = tf.tensor1d(order, 'int32');
              const moved = promise.run(tf.gather(input(promise), index), { targets: tf.gather(someTargets(), index) });
              expectClose(moved, scalarOf(promise.run(input(promise), { targets: someTargets() })));
            });
          }),
          { numRuns: 6 },
        );
      });
    }
  });
}
