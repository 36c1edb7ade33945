import { binaryCrossEntropyLoss } from '@cxr-align/losses';
import { startEngine } from '@cxr-align/engine';
import { RandomStream } from '@cxr-align/random';
import { expectClose } from '@cxr-align/testkit';
import * as tf from '@tensorflow/tfjs-core';
import { betaShare, mixUp } from '../src/loop/mixup.js';

beforeAll(async () => {
  await startEngine('wasm');
});

describe('mixUp(batch, alpha, draw)', () => {
  const targets = [1, 0, 0, 1, 1, 1, 0, 0];
  const mask = [1, 1, 1, 0, 0, 1, 1, 1];
  const batch = () => ({
    images: { main: tf.tensor4d([1, 2, 3, 4], [4, 1, 1, 1]), images: tf.tensor4d([10, 20, 30, 40], [4, 1, 1, 1]) },
    targets: tf.tensor2d(
      targets.map((target, at) => target * mask[at]),
      [4, 2],
    ),
    mask: tf.tensor2d(mask, [4, 2]),
  });

  it('mixes inputs of pairs with one share, and its loss is the shared loss of what each of a pair knows', () => {
    const draw = { seed: 2, step: 5 };
    const random = new RandomStream({ ...draw, purpose: 'mixup' });
    const share = betaShare(random, 0.4);
    const order = [...random.permutation(4)];
    const mixed = mixUp(batch(), 0.4, draw);
    const inputs = order.map((other, i) => share * (i + 1) + (1 - share) * (other + 1));
    expectClose(mixed.images.main, inputs);
    expectClose(
      mixed.images.images!,
      inputs.map((value) => 10 * value),
    );
    const logits = [0.3, -2, 1.1, 0.4, -0.7, 2.2, 0, 1];
    const loss = (logit: number, target: number): number => Math.log1p(Math.exp(-logit)) + (1 - target) * logit;
    const expected = logits.map((logit, at) => {
      const [own, other] = [at, 2 * order[at >> 1] + (at % 2)];
      return share * mask[own] * loss(logit, targets[own]) + (1 - share) * mask[other] * loss(logit, targets[other]);
    });
    const { mask: known, weights } = mixed;
    const losses = binaryCrossEntropyLoss(tf.tensor2d(logits, [4, 2]), mixed.targets, {
      mask: known,
      reduction: 'none',
    });
    expectClose(tf.mul(losses, weights!), expected, 1e-5);
    expect([...known.dataSync()].every((value) => value === 0 || value === 1)).toBe(true);
  });
  it('keeps no tensor but those of the mixed batch', () => {
    const before = tf.memory().numTensors;
    const { images, ...rest } = mixUp(batch(), 1, { seed: 1, step: 0 });
    tf.dispose([{ ...images }, rest]);
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('betaShare(random, alpha)', () => {
  it.each([0.1, 0.4, 1, 2])('has the mean and the variance of Beta(%d, same)', (alpha) => {
    const random = new RandomStream({ seed: 8, purpose: 'beta' });
    const shares = Array.from({ length: 3000 }, () => betaShare(random, alpha));
    expect(shares.every((share) => share >= 0 && share <= 1)).toBe(true);
    const mean = shares.reduce((sum, share) => sum + share, 0) / shares.length;
    const variance = shares.reduce((sum, share) => sum + (share - mean) ** 2, 0) / shares.length;
    expect(Math.abs(mean - 0.5)).toBeLessThan(0.03);
    expect(variance * 4 * (2 * alpha + 1)).toBeCloseTo(1, 1);
  });
});
