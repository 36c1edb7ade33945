import { fusedOps, registerFusedOps, type FusedOps } from '@cxr-align/fused-ops';
import { hashString, RandomStream } from '@cxr-align/random';
import { describeBackends } from '@cxr-align/testkit';
import * as tf from '@tensorflow/tfjs-core';
import { AdamW, Parameters, ForwardContext, TransformerLayer, layerNorm, linear } from '../src/index.js';

/** Runs a function without fused operations. */
function plainly<T>(work: () => T): T {
  const ops: FusedOps = fusedOps();
  registerFusedOps(tf.getBackend(), {});
  try {
    return work();
  } finally {
    registerFusedOps(tf.getBackend(), ops);
  }
}

/** The largest difference of two lists of tensors, by the largest entry of each. */
function difference(got: tf.Tensor[], wanted: tf.Tensor[]): number {
  return tf.tidy(() =>
    Math.max(
      ...got.map((tensor, i) => {
        const most = tf.max(tf.abs(wanted[i])).dataSync()[0];
        return tf.max(tf.abs(tf.sub(tensor, wanted[i]))).dataSync()[0] / Math.max(most, 1e-6);
      }),
    ),
  );
}

/** Numbers of both signs in a fixed order that no two purposes share. */
const numbers = (purpose: string, shape: number[]): tf.Tensor =>
  tf.tensor(
    Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) =>
      Math.sin(1.7 * i + (hashString(purpose) % 1000) + 0.01 * (i % 101) ** 2),
    ),
    shape,
  );

describeBackends('the fused operations of an engine', (engine) => {
  it('are registered on native and wasm', () => {
    for (const form of ['attention', 'biasReluDropout', 'layerNorm', 'dropout', 'columnSums'] as const)
      expect([form, fusedOps()[form] !== undefined]).toEqual([form, engine !== 'cpu']);
  });
  it.each([
    { batch: 3, rows: 5, dim: 24, heads: 3 },
    { batch: 2, rows: 17, dim: 64, heads: 2 },
    { batch: 40, rows: 14, dim: 128, heads: 8 },
  ])(
    'give a transformer layer of %o the values and gradients of the plain operations',
    ({ batch, rows, dim, heads }) => {
      const parameters = new Parameters(3);
      const layer = new TransformerLayer(parameters.scope('layer'), { dim, heads, dropout: 0.2 }, { cross: true });
      const variables = parameters.trainable().map(({ variable }) => variable);
      const memory = numbers('source', [batch, rows + 3, dim]);
      const all = (): tf.Tensor[] =>
        tf.tidy(() => {
          const input = tf.variable(numbers('x', [batch, rows, dim]));
          const weights = numbers('weights', [batch, rows, dim]);
          const context = new ForwardContext({ training: true, seed: 7, step: 11 });
          const { value, grads } = tf.variableGrads(
            () => tf.sum(tf.mul(layer.forward(input, context, { memory }).value, weights)) as tf.Scalar,
            [input, ...variables],
          );
          const predicted = layer.forward(input, new ForwardContext({ training: false }), { memory }).value;
          return [
            value,
            predicted,
            ...Object.keys(grads)
              .sort()
              .map((name) => grads[name]),
          ].map((one) => tf.clone(one));
        });
      const [own, plain] = [all(), plainly(all)];
      expect(own).toHaveLength(variables.length + 3);
      // Sums of very many terms of both signs differ in their last digits; the names of the input differ between the two.
      expect(difference(own.slice(0, 2), plain.slice(0, 2))).toBeLessThan(2e-5);
      expect(difference(own.slice(2).sort(bySize), plain.slice(2).sort(bySize))).toBeLessThan(2e-5);
      tf.dispose([own, plain, memory]);
      parameters.dispose();
    },
  );
  it('draw the dropout masks that packages/random draws, for any size', () => {
    for (const size of [1, 7, 300, 70_001, 600_000]) {
      const x = numbers('x', [size]);
      const dropped = new ForwardContext({ training: true, seed: 4_000_000_000, step: 9 }).dropout(x, 0.3, 'here');
      const mask = new RandomStream({ seed: 4_000_000_000, purpose: 'dropout/here', step: 9 }).dropoutMask(size, 0.3);
      const wanted = (x.dataSync() as Float32Array).map((value, i) => Math.fround(value * mask[i]));
      const got = dropped.dataSync();
      expect(wanted.findIndex((value, i) => value !== got[i])).toBe(-1);
      tf.dispose([x, dropped]);
    }
  });
  it('drop nothing at a rate below half of 2⁻¹⁶', () => {
    const x = numbers('x', [100]);
    const dropped = new ForwardContext({ training: true, seed: 1, step: 1 }).dropout(x, 1e-6, 'here');
    expect(difference([dropped], [x])).toBeLessThan(2e-6);
    tf.dispose([x, dropped]);
  });
  it('normalise rows whose mean is far from 0, and multiply matrices of few rows, as the plain operations do', () => {
    const all = (): tf.Tensor[] =>
      tf.tidy(() => {
        const x = tf.add(numbers('x', [9, 33]), 300);
        const [scale, shift] = [numbers('scale', [33]), numbers('shift', [33])] as tf.Tensor1D[];
        const weights = numbers('weights', [9, 33]);
        const gradients = tf.grads((a, b, c) =>
          tf.sum(tf.mul(layerNorm(a, b as tf.Tensor1D, c as tf.Tensor1D), weights)),
        )([x, scale, shift]);
        const [w, bias] = [numbers('w', [33, 200]), numbers('bias', [200])];
        const ofLinear = tf.grads((a, b, c) => tf.sum(tf.square(linear(a, b as tf.Tensor2D, c as tf.Tensor1D))))([
          weights,
          w,
          bias,
        ]);
        return [layerNorm(x, scale, shift), ...gradients, linear(weights, w as tf.Tensor2D), ...ofLinear];
      });
    const [own, plain] = [all(), plainly(all)];
    expect(difference(own, plain)).toBeLessThan(engine === 'cpu' ? 1e-6 : 5e-4);
    tf.dispose([own, plain]);
  });
  it('take steps of AdamW over long variables as the plain version does, and leave the array of initial values as it is', () => {
    const start = numbers('start', [90_000]).dataSync() as Float32Array;
    const kept = start.slice();
    const run = (): tf.Tensor[] => {
      const variables = [tf.variable(tf.tensor(start, [90, 1000])), tf.variable(numbers('bias', [77]))];
      const parameters = variables.map((variable, i) => ({ name: String(i), variable, trainable: true }));
      const optimizer = new AdamW(parameters, { weightDecay: 0.1, maxGradientNorm: 1 });
      const norms = [0, 1, 2].map((step) =>
        optimizer.applyGradients(
          Object.fromEntries(
            variables.map((variable, i) => [variable.name, numbers(`${step}/${i}`, variable.shape)] as const),
          ),
          { learningRate: 0.01, learningRateMultipliers: [1, 0.5] },
        ),
      );
      optimizer.dispose();
      const values = variables.map((variable) => tf.clone(variable));
      variables.forEach((variable) => variable.dispose());
      return [...values, ...norms];
    };
    const [own, plain] = [run(), plainly(run)];
    expect(difference(own, plain)).toBeLessThan(1e-5);
    expect(start).toEqual(kept);
    tf.dispose([own, plain]);
  });
});

const bySize = (a: tf.Tensor, b: tf.Tensor): number =>
  a.size - b.size || tf.sum(tf.abs(a)).dataSync()[0] - tf.sum(tf.abs(b)).dataSync()[0];
