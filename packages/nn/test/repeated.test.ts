import { gradientsAndExtras } from '@cxr-align/tensor';
import { describeBackends } from '@cxr-align/testkit';
import * as tf from '@tensorflow/tfjs-core';
import { AdamW, BatchNorm, Linear, Parameters, Pass, RepeatedGradients, TransformerEncoder } from '../src/index.js';

/** A transformer on what a normalisation of a map gives, its parameters and an optimiser. */
function training() {
  const parameters = new Parameters(5);
  const norm = new BatchNorm(parameters.scope('norm'), 8);
  const encoder = new TransformerEncoder(parameters.scope('encoder'), { dim: 8, layers: 2, heads: 2, dropout: 0.2 });
  const head = new Linear(parameters.scope('head'), 8, 1);
  const forward = (map: tf.Tensor4D, targets: tf.Tensor, pass: Pass) => () => {
    const [batch, height, width] = map.shape;
    const tokens = tf.reshape(norm.apply(map, pass), [batch, height * width, 8]);
    const scores = tf.mean(tf.squeeze(head.apply(encoder.apply(tokens, pass)), [-1]), 1);
    const loss = tf.mean(tf.square(tf.sub(scores, targets))) as tf.Scalar;
    return { loss, extras: { 'part/one': tf.mul(loss, 2) } };
  };
  const variables = parameters.trainable().map(({ variable }) => variable);
  const optimizer = new AdamW(parameters.trainable(), { maxGradientNorm: 1 });
  const values = (): number[][] => parameters.all().map(({ variable }) => [...variable.dataSync()]);
  return { parameters, forward, variables, optimizer, values };
}

describeBackends('RepeatedGradients', () => {
  it('trains as gradientsAndExtras does, to the last bit, and keeps no tensor', () => {
    const run = (look: (...args: Look) => ReturnType<typeof gradientsAndExtras>) => {
      const { parameters, forward, variables, optimizer, values } = training();
      const seen: number[][] = [];
      let tensors = 0;
      for (let step = 0; step < 7; step++) {
        if (step === 4) tensors = tf.memory().numTensors;
        const map = tf.tensor4d(
          Float32Array.from({ length: 3 * 4 * 8 }, (_, i) => Math.sin(i * (step + 1))),
          [3, 2, 2, 8],
        );
        const targets = tf.tensor1d([1, 0, step]);
        const pass = Pass.training({ seed: 3, step });
        const found = look({ inputs: [map, targets], pass, round: 0 }, forward(map, targets, pass), variables);
        expect(Object.keys(found.gradients).sort()).toEqual(variables.map(({ name }) => name).sort());
        const { loss, gradients, extras } = found;
        seen.push([...loss.dataSync(), ...extras['part/one'].dataSync()]);
        optimizer.apply(gradients, 0.01).dispose();
        tf.dispose([map, targets, loss, extras]);
      }
      expect(tf.memory().numTensors).toBe(tensors);
      const all = [...seen, ...values()];
      optimizer.dispose();
      parameters.dispose();
      return all;
    };
    const repeated = new RepeatedGradients();
    const got = run((...args) => repeated.look(...args));
    repeated.dispose();
    expect(got).toEqual(run((_, forward, variables) => gradientsAndExtras(forward, variables)));
  });
  it('does as it is what draws numbers of its own', () => {
    const variable = tf.variable(tf.scalar(1));
    const repeated = new RepeatedGradients();
    const drawn: boolean[] = [];
    for (let step = 0; step < 12; step++) {
      const pass = Pass.training({ seed: 3, step });
      const { loss, gradients, extras } = repeated.look(
        { inputs: [], pass, round: 0 },
        () => {
          // One in four: a few steps in a row look the same.
          const sign = pass.random('sign')!.chance(0.25) ? -1 : 1;
          drawn.push(sign < 0);
          return { loss: tf.mul(variable, tf.scalar(sign)) as tf.Scalar, extras: {} };
        },
        [variable],
      );
      expect([step, loss.dataSync()[0]]).toEqual([step, drawn[step] ? -1 : 1]);
      tf.dispose([loss, gradients, extras]);
    }
    expect(new Set(drawn).size).toBe(2);
    repeated.dispose();
    variable.dispose();
  });
});

type Look = globalThis.Parameters<RepeatedGradients['look']>;
