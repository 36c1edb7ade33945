// A fused operation of an engine computes what the plain form does.
import { fusedOps, registerFusedOps } from '@cxr-align/fused-ops';
import { RandomStream } from '@cxr-align/random';
import { describeBackends, expectClose, numbersOf } from '@cxr-align/testkit';
import * as tf from '@tensorflow/tfjs-core';
import * as losses from '../src/index.js';
import type { Reduction } from '../src/index.js';

// Several chunks of rows, and rows that are no multiple of four wide.
const sizes = [
  [700, 7],
  [3, 5],
  [400, 12],
];

function normals(purpose: string, shape: number[]): tf.Tensor {
  const size = shape.reduce((a, b) => a * b, 1);
  return tf.tensor(new RandomStream({ seed: 3, purpose }).normals(size), shape);
}

interface Given {
  targets: tf.Tensor;
  mask?: tf.Tensor;
  reduction: Reduction;
}
type Run = (z: tf.Tensor, given: Given) => tf.Tensor;

const runs: Record<string, Run> = {
  binaryCrossEntropyLoss: (z, { targets, ...rest }) => losses.binaryCrossEntropyLoss(z, targets, rest),
  'binaryCrossEntropyLoss, weighted': (z, { targets, ...rest }) => {
    const posWeight = tf.add(tf.abs(normals('weights', [z.shape[1]!])), 0.5);
    return losses.binaryCrossEntropyLoss(z, targets, { ...rest, posWeight, labelSmoothing: 0.1 });
  },
  focalLoss: (z, { targets, ...rest }) => losses.focalLoss(z, targets, rest),
  'focalLoss, γ = 1.3 without α': (z, { targets, ...rest }) =>
    losses.focalLoss(z, targets, { ...rest, gamma: 1.3, alpha: null }),
  asymmetricLoss: (z, { targets, ...rest }) => losses.asymmetricLoss(z, targets, rest),
  'asymmetricLoss without a margin': (z, { targets, ...rest }) =>
    losses.asymmetricLoss(z, targets, { ...rest, clip: 0, gammaNegative: 2, gammaPositive: 0 }),
  'asymmetricLoss, broken powers': (z, { targets, ...rest }) =>
    losses.asymmetricLoss(z, targets, { ...rest, gammaNegative: 0.5, gammaPositive: 2.5, clip: 0.1 }),
  'asymmetricLoss, focus detached': (z, { targets, ...rest }) =>
    losses.asymmetricLoss(z, targets, { ...rest, detachFocus: true, eps: 0.2 }),
  robustAsymmetricLoss: (z, { targets, ...rest }) => losses.robustAsymmetricLoss(z, targets, rest),
  'robustAsymmetricLoss, other numbers': (z, { targets, ...rest }) =>
    losses.robustAsymmetricLoss(z, targets, { ...rest, gammaPositive: 1.5, gammaNegative: 1, clip: 0.02, lambda: 2 }),
  distributionBalancedLoss: (z, { targets, ...rest }) => {
    const counts = Array.from({ length: z.shape[1]! }, (_, i) => 10 * (i + 1));
    return losses.distributionBalancedLoss(z, targets, { ...rest, counts, total: 500, lambda: 3 });
  },
};

/** What a piece of work gives without the fused operation. */
function plainly<T>(work: () => T): T {
  const ops = fusedOps();
  registerFusedOps(tf.getBackend(), { ...ops, entryLosses: undefined });
  try {
    return work();
  } finally {
    registerFusedOps(tf.getBackend(), ops);
  }
}

describeBackends('a loss on logits', (engine) => {
  it.each(Object.entries(runs))('%s is the same by a fused operation, where there is one', (_name, run) => {
    expect(fusedOps().entryLosses !== undefined).toBe(engine === 'wasm');
    if (!fusedOps().entryLosses) return;
    tf.tidy(() => {
      for (const shape of sizes)
        for (const reduction of ['none', 'sum', 'mean'] as const) {
          const z = tf.mul(normals('logits', shape), 4);
          const targets = tf.cast(tf.greater(normals('targets', shape), 0.6), 'float32');
          const mask = reduction === 'sum' ? undefined : tf.cast(tf.less(normals('mask', shape), 1), 'float32');
          const both = (): number[] => {
            const weighted = (x: tf.Tensor): tf.Scalar => tf.sum(run(x, { targets, mask, reduction }));
            const { value, grad } = tf.valueAndGrad(weighted)(z);
            const entries = run(z, { targets, mask, reduction });
            const scale = reduction === 'mean' ? 1 : 1 / z.size;
            return [...numbersOf(tf.mul(value, scale)), ...numbersOf(grad), ...numbersOf(tf.mul(entries, scale))];
          };
          expectClose(both(), plainly(both), 5e-6);
        }
    });
  });
});
