// How much tensor memory a loss holds forwards and backwards, in its plain form.
import { fusedOps, registerFusedOps } from '@cxr-align/fused-ops';
import { RandomStream } from '@cxr-align/random';
import { describeBackends, peakBytes } from '@cxr-align/testkit';
import * as tf from '@tensorflow/tfjs-core';
import * as losses from '../src/index.js';

const [batch, labels, dim] = [32, 12, 48];

const normals = (purpose: string, shape: number[]): tf.Tensor => {
  const size = shape.reduce((a, b) => a * b, 1);
  return tf.tensor(new RandomStream({ seed: 9, purpose }).normals(size), shape);
};
const binary = (purpose: string): tf.Tensor =>
  tf.tidy(() => tf.cast(tf.greater(normals(purpose, [batch, labels]), 0.5), 'float32'));

/** A loss, the shape of what is learned, and the most that it may hold by the size of that. */
interface Limit {
  shape: number[];
  limit: number;
  run: (x: tf.Tensor, given: Record<'targets' | 'mask' | 'texts' | 'prompts', tf.Tensor>) => tf.Tensor;
}

const counts = Array.from({ length: labels }, (_, i) => 10 * (i + 1));
const onLogits = { shape: [batch, labels], limit: 5.1 };
const edges = Array.from({ length: labels - 1 }, (_, parent) => ({ parent, child: parent + 1 }));
/** Pairs of images, by the size of the images. */
const pairs = batch / dim;

/** TensorFlow's binding computes some operations by several, whose results are counted until they are done. */
const slack = (): number => (tf.getBackend() === 'tensorflow' ? 1.7 : 1);

const limits: Record<string, Limit> = {
  binaryCrossEntropyLoss: { ...onLogits, limit: 3.1, run: (x, { targets, mask }) => losses.binaryCrossEntropyLoss(x, targets, { mask }) }, // prettier-ignore
  focalLoss: { ...onLogits, run: (x, { targets, mask }) => losses.focalLoss(x, targets, { mask }) },
  asymmetricLoss: { ...onLogits, run: (x, { targets, mask }) => losses.asymmetricLoss(x, targets, { mask }) },
  robustAsymmetricLoss: { ...onLogits, run: (x, { targets, mask }) => losses.robustAsymmetricLoss(x, targets, { mask }) }, // prettier-ignore
  multiLabelLdamLoss: { ...onLogits, run: (x, { targets, mask }) => losses.multiLabelLdamLoss(x, targets, { mask, counts }) }, // prettier-ignore
  distributionBalancedLoss: { ...onLogits, run: (x, { targets, mask }) => losses.distributionBalancedLoss(x, targets, { mask, counts, total: 1000 }) }, // prettier-ignore
  // With its edges, of which there are nearly as many as labels.
  hierarchyViolationLoss: { ...onLogits, limit: 7.1, run: (x) => losses.hierarchyViolationLoss(x, { edges }) },
  vicregCovarianceLoss: { shape: [batch, dim], limit: 3.1, run: (x) => losses.vicregCovarianceLoss(x) },
  // Two views, of which one counts as the input.
  barlowTwinsLoss: { shape: [batch, dim], limit: 7.7, run: (x, { texts }) => losses.barlowTwinsLoss(x, texts) },
  imageTextContrastiveLoss: { shape: [batch, dim], limit: 3.2 + 4 * pairs, run: (x, { texts }) => losses.imageTextContrastiveLoss(x, texts) }, // prettier-ignore
  sigmoidContrastiveLoss: { shape: [batch, dim], limit: 3.1 + 5 * pairs, run: (x, { texts }) => losses.sigmoidContrastiveLoss(x, texts) }, // prettier-ignore
  supervisedContrastiveLoss: { shape: [batch, dim], limit: 1.1 + 8 * pairs, run: (x, { targets }) => losses.supervisedContrastiveLoss(x, targets) }, // prettier-ignore
  labelContrastiveLoss: { shape: [batch, labels, dim], limit: 3.1 + (4 * labels) / dim, run: (x, { prompts }) => losses.labelContrastiveLoss(x, prompts) }, // prettier-ignore
};

describeBackends('the peak of tensor memory', () => {
  it.each(Object.entries(limits))('of %s keeps its limit', (_name, { shape, limit, run }) => {
    const ops = fusedOps();
    registerFusedOps(tf.getBackend(), {});
    try {
      const x = normals('input', shape);
      const given = { targets: binary('targets'), mask: binary('mask'), texts: normals('texts', [batch, dim]), prompts: normals('prompts', [labels, dim]) }; // prettier-ignore
      const peak = peakBytes(() => {
        tf.valueAndGrad((z: tf.Tensor) => run(z, given) as tf.Scalar)(x);
      });
      tf.dispose([x, ...Object.values(given)]);
      expect(peak / (4 * x.size)).toBeLessThanOrEqual(limit * slack());
    } finally {
      registerFusedOps(tf.getBackend(), ops);
    }
  });
});
