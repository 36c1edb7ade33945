import { valueAndGradients } from '@cxr-align/tensor';
import { describeBackends, describeTensorflow } from '@cxr-align/testkit';
import * as tf from '@tensorflow/tfjs-core';
import { ForwardContext, ModelPrecision, Parameters, precisionUnavailable, TransformerEncoder } from '../src/index.js';

describeBackends('ModelPrecision', (engine) => {
  it('is float32 on every engine, and another only where products can be in it', () => {
    const precision = new ModelPrecision();
    const x = tf.tensor1d([1, 2]);
    const output = { tensors: [x], name: 'as it is' };
    expect(precision.model(() => output)).toBe(output);
    expect(precision.gradients(() => 3)).toBe(3);
    x.dispose();
    if (engine !== 'cpu' && engine !== 'wasm') return;
    expect(() => new ModelPrecision('bf16')).toThrow(
      `nn/ModelPrecision: expected an engine that computes in bf16, got one that cannot: the TensorFlow.js backend ${engine} has products of float32 only; use the engine native or cuda, or float32`,
    );
    expect(precisionUnavailable('tf32')!.reason).toMatch(/products of float32 only/);
  });
});

describeTensorflow('ModelPrecision bf16', () => {
  const [batch, labels, dim] = [6, 5, 32];

  /** Loss and gradients of a transformer, and of a product that the loss makes of its output. */
  const gradientsIn = (name: 'float32' | 'bf16') => {
    const precision = new ModelPrecision(name);
    const parameters = new Parameters(3);
    const encoder = new TransformerEncoder(parameters.scope('encoder'), { dim, layers: 2, heads: 4, dropout: 0.1 });
    const factor = parameters.scope('loss').addParameter('factor', [dim, 4], { normal: 1 });
    const variables = parameters.trainable().map(({ variable }) => variable);
    const products: number[] = [];
    const found = tf.tidy(() => {
      const x = tf.sin(tf.reshape(tf.range(0, batch * labels * dim), [batch, labels, dim]));
      const context = new ForwardContext({ training: true, seed: 1, step: 4 });
      const { loss, gradients } = precision.gradients(() =>
        valueAndGradients(() => {
          const { rows } = precision.model(() => ({
            rows: tf.reshape(encoder.forward(x, context), [batch * labels, dim]),
          }));
          const product = tf.matMul(rows as tf.Tensor2D, factor as tf.Tensor2D);
          products.push(...tf.stack([product, tf.sum(tf.mul(tf.expandDims(rows, -1), factor), 1)]).dataSync());
          return { loss: tf.mean(tf.square(tf.sub(product, 1))) as tf.Scalar, aux: {} };
        }, variables),
      );
      const all = variables.map((variable) => gradients[variable.name].dataSync() as Float32Array);
      return { loss: loss.dataSync()[0], gradients: all };
    });
    parameters.dispose();
    return { ...found, products };
  };
  const relativeDifference = (got: Float32Array[], expected: Float32Array[]): number => {
    const pairs = expected.flatMap((one, i) => [...one].map((value, k) => [value, got[i][k]]));
    const norm = (values: number[]): number => Math.sqrt(values.reduce((sum, value) => sum + value ** 2, 0));
    return norm(pairs.map(([a, b]) => b - a)) / norm(pairs.map(([a]) => a));
  };

  it('has gradients within 2 % of the norm of those of float32, and the same bits twice', () => {
    const [wide, narrow, again] = [gradientsIn('float32'), gradientsIn('bf16'), gradientsIn('bf16')];
    expect(again).toEqual(narrow);
    const difference = relativeDifference(narrow.gradients, wide.gradients);
    expect(difference).toBeGreaterThan(1e-4);
    expect(difference).toBeLessThan(2e-2);
    expect(Math.abs(narrow.loss / wide.loss - 1)).toBeLessThan(5e-3);
  });
  it('leaves the products of the losses in float32', () => {
    const { products } = gradientsIn('bf16');
    const half = products.length / 2;
    products.slice(0, half).forEach((value, i) => expect(value).toBeCloseTo(products[half + i], 4));
  });
  it('is float32 again after an error, and after gradients', () => {
    const precision = new ModelPrecision('bf16');
    const product = (): number =>
      tf.tidy(() => tf.matMul(tf.tensor2d([[1.001]]), tf.tensor2d([[1.001]])).dataSync()[0]);
    const exact = product();
    let within = 0;
    const fail = (): never => {
      within = product();
      throw new Error('of its own');
    };
    expect(() => precision.model(fail)).toThrow('of its own');
    expect(within).not.toBe(exact);
    expect(product()).toBe(exact);
    expect(() =>
      precision.gradients(() => {
        gradientsIn('bf16');
        throw new Error('of its own');
      }),
    ).toThrow('of its own');
    expect(product()).toBe(exact);
  });
});
