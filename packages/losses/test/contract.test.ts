// What every loss promises, whatever it computes: reductions, masks, finite values and gradients, no leak, errors.
import { RandomStream } from '@cxr-align/random';
import { describeBackends, expectClose, expectGradient, gradientOf, numbersOf } from '@cxr-align/testkit';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import * as losses from '../src/index.js';
import * as reference from '../src/reference.js';
import type { Reduction } from '../src/index.js';

const [batch, labels, dim] = [3, 4, 5];

interface Given {
  targets: tf.Tensor2D;
  reduction?: Reduction;
  /** Of the shape that the contract names. */
  mask?: tf.Tensor2D;
}

interface Contract {
  /** Shape of the input that is learned. */
  input: number[];
  /** Shape of the entries that `reduction: 'none'` gives. */
  entries: number[];
  /** Shape of the mask, if there is one. */
  mask?: number[];
  /** The mask is over targets: what they say where it is 0 must not matter. */
  masksTargets?: boolean;
  run(x: tf.Tensor, given: Given): tf.Tensor;
  /** How the mean follows from the entries, where it is not their plain mean over the known ones. */
  mean?: 'sum' | 'none';
  /** Samples along the first axis may come in any order. */
  ordered?: boolean;
}

/** The tensors that contracts take besides what the tests give them, so that the test of leaks can tell them from leaks. */
let fixtures: tf.Tensor[] = [];

function fixture<T extends tf.Tensor>(make: () => tf.Tensor): T {
  const tensor = tf.tidy(make) as T;
  fixtures.push(tensor);
  return tensor;
}

const values = <T extends tf.Tensor>(purpose: string, shape: number[]): T =>
  fixture(() => {
    const size = shape.reduce((a, b) => a * b, 1);
    return tf.tensor(new RandomStream({ seed: 5, purpose }).normals(size), shape);
  });
const rows = (shape: number[], purpose: string): tf.Tensor2D => values(purpose, shape);
const cubes = (shape: number[], purpose: string): tf.Tensor3D => values(purpose, shape);
const prompts = () => ({ positive: rows([labels, dim], 'positive'), negative: rows([labels, dim], 'negative') });
const similarity = (): tf.Tensor2D => {
  const half = rows([labels, labels], 'similarity');
  return fixture(() => tf.sigmoid(tf.add(half, tf.transpose(half))));
};
const [perLabel, perImage, perEmbedding] = [[batch, labels], [batch], [batch, labels, dim]];
const counts = [3, 50, 8, 20];
const descendants = [[1, 2], [2], [], []];
const classification = { input: perLabel, entries: perLabel, mask: perLabel, masksTargets: true };

const contracts: Record<string, Contract> = {
  binaryCrossEntropyLoss: {
    ...classification,
    run: (x: tf.Tensor2D, { targets, ...rest }: Given) =>
      losses.binaryCrossEntropyLoss(x, targets, {
        posWeight: fixture<tf.Tensor1D>(() => tf.tensor1d(counts)),
        ...rest,
      }),
  },
  'binaryCrossEntropyLoss, smoothed': {
    ...classification,
    run: (x: tf.Tensor2D, { targets, ...rest }: Given) =>
      losses.binaryCrossEntropyLoss(x, targets, { labelSmoothing: 0.1, ...rest }),
  },
  focalLoss: {
    ...classification,
    run: (x: tf.Tensor2D, { targets, ...rest }: Given) => losses.focalLoss(x, targets, rest),
  },
  asymmetricLoss: {
    ...classification,
    run: (x: tf.Tensor2D, { targets, ...rest }: Given) => losses.asymmetricLoss(x, targets, { clip: 0.02, ...rest }),
  },
  robustAsymmetricLoss: {
    ...classification,
    run: (x: tf.Tensor2D, { targets, ...rest }: Given) => losses.robustAsymmetricLoss(x, targets, rest),
  },
  multiLabelLdamLoss: {
    ...classification,
    run: (x: tf.Tensor2D, { targets, ...rest }: Given) =>
      losses.multiLabelLdamLoss(x, targets, { counts, scale: 2, labelSmoothing: 0.1, ...rest }),
  },
  distributionBalancedLoss: {
    ...classification,
    run: (x: tf.Tensor2D, { targets, ...rest }: Given) =>
      losses.distributionBalancedLoss(x, targets, { counts, total: 90, ...rest }),
  },
  maxConstraintLoss: {
    ...classification,
    masksTargets: false, // an unknown child still enters its parent's target
    run: (x: tf.Tensor2D, { targets, ...rest }: Given) =>
      losses.maxConstraintLoss(x, targets, { descendants, ...rest }),
  },
  hierarchyViolationLoss: {
    input: perLabel,
    entries: [batch, 2],
    run: (x: tf.Tensor2D, { reduction }: Given) =>
      losses.hierarchyViolationLoss(x, {
        edges: [
          { parent: 0, child: 1 },
          { parent: 2, child: 3 },
        ],
        reduction,
      }),
  },
  threeClassCrossEntropyLoss: {
    input: [batch, labels, 3],
    entries: perLabel,
    mask: perLabel,
    masksTargets: true,
    run: (x: tf.Tensor3D, { targets, ...rest }: Given) =>
      losses.threeClassCrossEntropyLoss(x, targets, { labelSmoothing: 0.1, ...rest }),
  },
  ldamLoss: {
    input: [batch, labels],
    entries: perImage,
    mask: perImage,
    ordered: true,
    run: (x: tf.Tensor2D, given: Given) =>
      losses.ldamLoss(
        x,
        fixture<tf.Tensor1D>(() => tf.tensor1d([0, 3, 1], 'int32')),
        { counts, scale: 2, ...perSample(given) },
      ),
  },
  'labelConditionedAlignmentLoss, presence alone': {
    input: perEmbedding,
    entries: perLabel,
    mask: perLabel,
    masksTargets: true,
    run: (x: tf.Tensor3D, { targets, ...rest }: Given) =>
      losses.labelConditionedAlignmentLoss(x, prompts(), targets, { logitScale: 1, discriminationWeight: 0, ...rest }),
  },
  labelConditionedAlignmentLoss: {
    input: perEmbedding,
    entries: perLabel,
    mask: perLabel,
    masksTargets: true,
    mean: 'none',
    run: (x: tf.Tensor3D, { targets, ...rest }: Given) =>
      losses.labelConditionedAlignmentLoss(x, prompts(), targets, {
        logitScale: 1,
        symmetric: true,
        excludedNegatives: fixture<tf.Tensor2D>(() => tf.oneHot(tf.tensor1d([1, 0, 3, 2], 'int32'), labels)),
        ...rest,
      }),
  },
  labelContrastiveLoss: {
    input: perEmbedding,
    entries: perLabel,
    mask: perLabel,
    run: (x: tf.Tensor3D, { targets: _, ...rest }: Given) =>
      losses.labelContrastiveLoss(x, prompts().positive, { logitScale: 1, ...rest }),
  },
  'referenceLabelContrastiveLoss, prompts of each image': {
    input: perEmbedding,
    entries: perLabel,
    mask: perLabel,
    ordered: true,
    run: (x: tf.Tensor3D, { targets: _, ...rest }: Given) =>
      reference.referenceLabelContrastiveLoss(x, cubes(perEmbedding, 'each'), rest),
  },
  imageTextContrastiveLoss: {
    input: [batch, dim],
    entries: perImage,
    mask: perImage,
    ordered: true,
    run: (x: tf.Tensor2D, given: Given) =>
      losses.imageTextContrastiveLoss(x, rows([batch, dim], 'texts'), {
        logitScale: 1,
        labelSmoothing: 0.1,
        ...perSample(given),
      }),
  },
  sigmoidContrastiveLoss: {
    input: [batch, dim],
    entries: perImage,
    ordered: true,
    run: (x: tf.Tensor2D, { reduction }: Given) =>
      losses.sigmoidContrastiveLoss(x, rows([batch, dim], 'texts'), { bias: -1, reduction }),
  },
  softLabelContrastiveLoss: {
    input: [batch, batch],
    entries: perImage,
    ordered: true,
    run: (x: tf.Tensor2D, { targets, reduction }: Given) =>
      losses.softLabelContrastiveLoss(x, targets, targets, { reduction }),
  },
  softLabelPairLoss: {
    input: [batch, batch],
    entries: [batch, batch],
    mask: [batch, batch],
    ordered: true,
    run: (x: tf.Tensor2D, { targets, ...rest }: Given) => losses.softLabelPairLoss(x, targets, targets, rest),
  },
  supervisedContrastiveLoss: {
    input: [batch, dim],
    entries: perImage,
    mean: 'none',
    run: (x: tf.Tensor2D, { targets, reduction }: Given) =>
      losses.supervisedContrastiveLoss(x, targets, { temperature: 0.5, reduction }),
  },
  orthogonalLoss: {
    input: [labels, dim],
    entries: [labels],
    run: (x: tf.Tensor2D, { reduction }: Given) => losses.orthogonalLoss(x, { reduction }),
  },
  absoluteCosineLoss: {
    input: [batch, dim],
    entries: perImage,
    mean: 'none',
    run: (x: tf.Tensor2D, { reduction }: Given) => losses.absoluteCosineLoss(x, { reduction }),
  },
  identityCrossEntropyLoss: {
    input: perEmbedding,
    entries: perLabel,
    run: (x: tf.Tensor3D, { reduction }: Given) => reference.identityCrossEntropyLoss(x, { logitScale: 1, reduction }),
  },
  vicregCovarianceLoss: {
    input: [batch, dim],
    entries: [dim],
    run: (x: tf.Tensor2D, { reduction }: Given) => losses.vicregCovarianceLoss(x, { reduction }),
  },
  barlowTwinsLoss: {
    input: [batch, dim],
    entries: [dim],
    ordered: true,
    mean: 'sum',
    run: (x: tf.Tensor2D, { reduction }: Given) =>
      losses.barlowTwinsLoss(x, rows([batch, dim], 'other view'), { reduction }),
  },
  'graphAlignmentLoss, correlation': {
    input: perEmbedding,
    entries: perImage,
    run: (x: tf.Tensor3D, { reduction }: Given) => losses.graphAlignmentLoss(x, similarity(), { reduction }),
  },
  'graphAlignmentLoss, kernel': {
    input: perEmbedding,
    entries: perImage,
    run: (x: tf.Tensor3D, { reduction }: Given) =>
      losses.graphAlignmentLoss(x, similarity(), { form: 'kernel', reduction }),
  },
  gramMatrixLoss: {
    input: perEmbedding,
    entries: perImage,
    run: (x: tf.Tensor3D, { reduction }: Given) => losses.gramMatrixLoss(x, similarity(), { reduction }),
  },
  neighbourDivergenceLoss: {
    input: perEmbedding,
    entries: perLabel,
    run: (x: tf.Tensor3D, { reduction }: Given) =>
      losses.neighbourDivergenceLoss(x, similarity(), { temperature: 0.5, reduction }),
  },
  secondOrderGraphLoss: {
    input: [batch, labels, labels],
    entries: perLabel,
    run: (x: tf.Tensor3D, { reduction }: Given) => reference.secondOrderGraphLoss(x, similarity(), { reduction }),
  },
};

/** The options of a loss whose mask is over samples. */
function perSample({ reduction, mask }: Given): { reduction?: Reduction; mask?: tf.Tensor1D } {
  return { reduction, ...(mask && { mask: tf.reshape(mask, [batch]) as tf.Tensor1D }) };
}

const someTargets = () => tf.tensor2d([1, 0, 0, 1, 0, 1, 1, 0, 1, 1, 0, 0], [batch, labels]);
const input = ({ input: shape }: Contract): tf.Tensor => values('input', shape);
const scalarOf = (x: tf.Tensor): number => numbersOf(x)[0];
const total = (x: number[]): number => x.reduce((a, b) => a + b, 0);

describe('the contract', () => {
  it('is signed by every loss', () => {
    const ofTasks = ['taskDifficultyLoss', 'uncertaintyWeightedLoss'];
    const ofReferenceTasks = ['referenceTaskDifficultyLoss', 'referenceUncertaintyLoss'];
    const signed = new Set(Object.keys(contracts).map((name) => name.split(',')[0]));
    const all = [...Object.keys(losses), ...Object.keys(reference)].filter((name) => name.endsWith('Loss'));
    expect(all.filter((name) => !signed.has(name))).toEqual([...ofTasks, ...ofReferenceTasks]);
  });
});

for (const [name, contract] of Object.entries(contracts)) {
  describeBackends(name, () => {
    it('has one entry for each of its parts; sum and mean follow from them', () => {
      tf.tidy(() => {
        const targets = someTargets();
        const entries = contract.run(input(contract), { targets, reduction: 'none' });
        expect(entries.shape).toEqual(contract.entries);
        const sum = total(numbersOf(entries));
        expectClose(contract.run(input(contract), { targets, reduction: 'sum' }), sum);
        const byDefault = contract.run(input(contract), { targets });
        expect(byDefault.shape).toEqual([]);
        if (contract.mean === undefined) expectClose(byDefault, sum / entries.size);
        if (contract.mean === 'sum') expectClose(byDefault, sum);
      });
    });

    if (contract.mask) {
      it('leaves out what the mask leaves out', () => {
        tf.tidy(() => {
          const size = contract.mask!.reduce((a, b) => a * b, 1);
          const known = Array.from({ length: size }, (_, i) => (i % 3 === 1 ? 0 : 1));
          const mask = tf.tensor<tf.Rank>(known, contract.mask as [number, number]) as tf.Tensor2D;
          const targets = someTargets();
          const all = numbersOf(contract.run(input(contract), { targets, reduction: 'none' }));
          const kept = numbersOf(contract.run(input(contract), { targets, mask, reduction: 'none' }));
          expectClose(
            kept,
            all.map((value, i) => value * known[i]),
          );
          if (contract.mean === undefined) {
            expectClose(contract.run(input(contract), { targets, mask }), total(kept) / total(known));
            expectClose(contract.run(input(contract), { targets, mask: tf.zerosLike(mask) }), 0);
          }
          if (!contract.masksTargets) return;
          const unknownSayOther = tf.tensor2d(
            numbersOf(targets).map((y, i) => (known[i] ? y : 1 - y)),
            [batch, labels],
          );
          expectClose(
            contract.run(input(contract), { targets: unknownSayOther, mask }),
            scalarOf(contract.run(input(contract), { targets, mask })),
          );
        });
      });
    }

    it('is finite at zero, at ±100 and at equal entries, and so is its gradient', () => {
      tf.tidy(() => {
        const signs = tf.sign(input(contract));
        for (const x of [
          tf.zeros(contract.input),
          tf.mul(signs, 100),
          tf.fill(contract.input, 100),
          tf.fill(contract.input, -100),
        ]) {
          const run = (z: tf.Tensor) => contract.run(z, { targets: someTargets() });
          expect(Number.isFinite(scalarOf(run(x)))).toBe(true);
          expect(gradientOf(run, x).every(Number.isFinite)).toBe(true);
        }
      });
    });

    it('has the gradient of its values', () => {
      tf.tidy(() => expectGradient((x) => contract.run(x, { targets: someTargets() }), tf.mul(input(contract), 0.8)));
    });

    it('gives back its result and leaves no other tensor', () => {
      tf.tidy(() => {
        const x = input(contract);
        const targets = someTargets();
        fixtures = [];
        const before = tf.memory().numTensors;
        contract.run(x, { targets });
        expect(tf.memory().numTensors - before).toBe(fixtures.length + 1);
      });
    });

    it('says where, what was expected and what it got', () => {
      tf.tidy(() => {
        const where = name.split(',')[0];
        const wrong = tf.zeros([...contract.input, 2, 2]);
        expect(() => contract.run(wrong, { targets: someTargets() })).toThrow(
          new RegExp(`^losses/${where}: expected \\w+ of shape \\[.*\\], got \\[.*\\]; its axes are`),
        );
      });
    });

    if (!contract.ordered && contract.input[0] === batch) {
      it('does not mind the order of the samples', () => {
        fc.assert(
          fc.property(fc.shuffledSubarray([0, 1, 2], { minLength: 3 }), (order) => {
            tf.tidy(() => {
              const index = tf.tensor1d(order, 'int32');
              const moved = contract.run(tf.gather(input(contract), index), {
                targets: tf.gather(someTargets(), index),
              });
              expectClose(moved, scalarOf(contract.run(input(contract), { targets: someTargets() })));
            });
          }),
          { numRuns: 6 },
        );
      });
    }
  });
}
