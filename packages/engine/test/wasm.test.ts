import * as tf from '@tensorflow/tfjs-core';
import { startEngine } from '../src/index.js';

type Build = () => tf.Tensor;
const normal = (seed: number, ...shape: number[]): tf.Tensor => tf.randomNormal(shape, 0, 1, 'float32', seed);

/** The values of a computation on both engines. */
async function onBoth(build: Build): Promise<[Float32Array, Float32Array]> {
  const results: Float32Array[] = [];
  for (const engine of ['cpu', 'wasm'] as const) {
    await startEngine(engine);
    results.push(tf.tidy(() => build().dataSync() as Float32Array));
  }
  return results as [Float32Array, Float32Array];
}

async function expectSame(build: Build): Promise<void> {
  const [plain, fast] = await onBoth(build);
  expect(fast).toHaveLength(plain.length);
  const scale = Math.max(...plain.map(Math.abs), 1);
  expect(Math.max(...plain.map((value, i) => Math.abs(value - fast[i])))).toBeLessThan(2e-5 * scale);
}

describe('matrix products on wasm', () => {
  const shapes: [string, number[], number[], boolean, boolean][] = [
    ['plain', [40, 30], [30, 50], false, false],
    ['left transposed', [30, 40], [30, 50], true, false],
    ['right transposed', [40, 30], [50, 30], false, true],
    ['both transposed', [30, 40], [50, 30], true, true],
    ['a small batch', [3, 4, 5], [3, 5, 6], false, false],
    ['a small batch, transposed', [2, 3, 5, 4], [2, 3, 6, 5], true, true],
    ['a large batch', [3, 60, 50], [3, 50, 40], false, false],
    ['a large batch, transposed', [3, 50, 60], [3, 40, 50], true, true],
    ['a batch that is cut up', [2, 210, 160], [2, 160, 140], false, false],
    ['a batch that is cut up, transposed', [2, 160, 210], [2, 140, 160], true, true],
    ['one matrix for a batch', [3, 60, 50], [1, 50, 40], false, false],
    ['one matrix for a batch, on the left', [1, 60, 50], [3, 50, 40], false, false],
    ['few rows and a wide matrix', [5, 1100], [1100, 1000], false, false],
    ['few rows and a wide matrix, transposed', [1100, 5], [1000, 1100], true, true],
    ['few rows and a wide matrix in a batch of one', [1, 5, 1100], [1, 1000, 1100], false, true],
    ['one transposed matrix for a batch, on the left', [1, 50, 60], [3, 50, 40], true, false],
  ];
  it.each(shapes)('equal plain ones: %s', async (_, a, b, transposeA, transposeB) => {
    await expectSame(() => tf.matMul(normal(1, ...a), normal(2, ...b), transposeA, transposeB));
  });
});

describe('convolutions on wasm', () => {
  const cases: [number, number, number, 'same' | 'valid'][] = [
    [8, 3, 1, 'same'],
    [8, 3, 2, 'same'],
    [9, 3, 2, 'same'],
    [9, 3, 2, 'valid'],
    [12, 4, 4, 'valid'],
    [13, 5, 3, 'valid'],
    [7, 1, 2, 'same'],
  ];
  it.each(cases)('have the same gradients: size %i, filter %i, stride %i, %s', async (size, filter, stride, pad) => {
    const probe = (y: tf.Tensor) => tf.sum(tf.mul(y, tf.cos(tf.reshape(tf.range(0, y.size), y.shape))));
    const forward = (x: tf.Tensor, w: tf.Tensor) => probe(tf.conv2d(x as tf.Tensor4D, w as tf.Tensor4D, stride, pad));
    for (const which of [0, 1]) {
      await expectSame(() => tf.grads(forward)([normal(1, 2, size, size, 3), normal(2, filter, filter, 3, 4)])[which]);
    }
  });
});

describe('average pooling on wasm', () => {
  it.each([
    [8, 2, 2],
    [9, 3, 3],
    [9, 2, 2],
    [8, 3, 2],
  ])('has the same gradient: size %i, window %i, stride %i', async (size, window, stride) => {
    const pooled = (x: tf.Tensor) => tf.sum(tf.square(tf.avgPool(x as tf.Tensor4D, window, stride, 'valid')));
    await expectSame(() => tf.grad(pooled)(normal(1, 2, size, size, 3)));
  });
});

describe('slices on wasm', () => {
  it.each([
    ['rows', [4, 5], [1, 0], [2, 5]],
    ['one row in part', [4, 5], [2, 1], [1, 3]],
    ['columns', [4, 5], [0, 1], [4, 2]],
    ['to the end', [3, 4, 5], [1, 0, 0], [-1, -1, -1]],
    ['a flat part', [60], [7], [20]],
    ['nothing', [4, 5], [1, 0], [0, 5]],
  ])('are the same: %s', async (_, shape, begin, size) => {
    await expectSame(() => tf.add(tf.slice(normal(1, ...shape), begin, size), 0));
  });
});

describe('gather on wasm', () => {
  it('has the same gradient', async () => {
    await expectSame(() =>
      tf.grad((x) => tf.sum(tf.square(tf.gather(x, tf.tensor1d([0, 2, 2], 'int32')))))(normal(3, 4, 5)),
    );
  });
});

describe('threads on wasm', () => {
  it('change no bit of a result: two products in a row are the same', async () => {
    await startEngine('wasm');
    const product = () =>
      tf.tidy(() => tf.matMul(normal(1, 300, 200) as tf.Tensor2D, normal(2, 200, 300) as tf.Tensor2D).dataSync());
    expect(product()).toEqual(product());
  });
});
