import { valueAndGradients } from '@cxr-align/tensor';
import { describeBackends } from '@cxr-align/testkit';
import * as tf from '@tensorflow/tfjs-core';
import {
  AdamW,
  BatchNorm,
  Linear,
  Parameters,
  ForwardContext,
  CapturedGradients,
  TransformerEncoder,
} from '../src/index.js';

/** A transformer on what a normalisation of a map gives, its parameters and an optimiser. */
function training() {
  const parameters = new Parameters(5);
  const norm = new BatchNorm(parameters.scope('norm'), 8);
  const encoder = new TransformerEncoder(parameters.scope('encoder'), { dim: 8, layers: 2, heads: 2, dropout: 0.2 });
  const head = new Linear(parameters.scope('head'), 8, 1);
  const forward = (map: tf.Tensor4D, targets: tf.Tensor) => (context: ForwardContext) => {
    const [batch, height, width] = map.shape;
    const tokens = tf.reshape(norm.forward(map, context), [batch, height * width, 8]);
    const scores = tf.mean(tf.squeeze(head.forward(encoder.forward(tokens, context)), [-1]), 1);
    const loss = tf.mean(tf.square(tf.sub(scores, targets))) as tf.Scalar;
    return { loss, aux: { 'part/one': tf.mul(loss, 2) } };
  };
  const variables = parameters.trainable().map(({ variable }) => variable);
  const optimizer = new AdamW(parameters.trainable(), { maxGradientNorm: 1 });
  const values = (): number[][] => parameters.all().map(({ variable }) => [...variable.dataSync()]);
  return { parameters, forward, variables, optimizer, values };
}

describeBackends('CapturedGradients', () => {
  it('trains as valueAndGradients does, to the last bit, and keeps no tensor', () => {
    const run = (compute: (...args: Compute) => ReturnType<typeof valueAndGradients>) => {
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
        const context = new ForwardContext({ training: true, seed: 3, step });
        const found = compute({ inputs: [map, targets], context }, forward(map, targets), variables);
        expect(Object.keys(found.gradients).sort()).toEqual(variables.map(({ name }) => name).sort());
        const { loss, gradients, aux } = found;
        seen.push([...loss.dataSync(), ...aux['part/one'].dataSync()]);
        optimizer.applyGradients(gradients, { learningRate: 0.01 }).dispose();
        tf.dispose([map, targets, loss, aux]);
      }
      expect(tf.memory().numTensors).toBe(tensors);
      const all = [...seen, ...values()];
      optimizer.dispose();
      parameters.dispose();
      return all;
    };
    const captured = new CapturedGradients({ stepCapture: 'replay' });
    const got = run((...args) => captured.compute(...args));
    captured.dispose();
    expect(got).toEqual(run(({ context }, forward, variables) => valueAndGradients(() => forward(context), variables)));
  });
  it('computes op by op what draws random numbers in JavaScript', () => {
    const variable = tf.variable(tf.scalar(1));
    const captured = new CapturedGradients();
    const drawn: boolean[] = [];
    for (let step = 0; step < 12; step++) {
      const context = new ForwardContext({ training: true, seed: 3, step });
      const { loss, gradients, aux } = captured.compute(
        { inputs: [], context },
        () => {
          // One in four: a few steps in a row look the same.
          const sign = context.random('sign')!.chance(0.25) ? -1 : 1;
          drawn.push(sign < 0);
          return { loss: tf.mul(variable, tf.scalar(sign)) as tf.Scalar, aux: {} };
        },
        [variable],
      );
      expect([step, loss.dataSync()[0]]).toEqual([step, drawn[step] ? -1 : 1]);
      tf.dispose([loss, gradients, aux]);
    }
    expect(new Set(drawn).size).toBe(2);
    captured.dispose();
    variable.dispose();
  });
});

type Compute = globalThis.Parameters<CapturedGradients['compute']>;
