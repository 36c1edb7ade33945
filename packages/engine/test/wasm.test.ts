import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import * as tf from '@tensorflow/tfjs-core';
import { startEngine } from '../src/index.js';
import type { WasmBackend } from '../src/kernels/wasm/wasm-backend.js';
import { KernelThreadPool } from '../src/kernels/wasm/thread-pool.js';
import type { SharedMemory } from '../src/kernels/wasm/web-assembly.js';

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
  const scale = plain.reduce((most, value) => Math.max(most, Math.abs(value)), 1);
  const difference = plain.reduce((most, value, i) => Math.max(most, Math.abs(value - fast[i])), 0);
  expect(difference).toBeLessThan(2e-5 * scale);
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
    ['a long sum of an odd number of terms', [7, 1001], [1001, 13], false, false],
    ['strips that end in the middle of a tile', [131, 397], [397, 90], false, false],
    ['strips that end in the middle of a tile, transposed', [397, 90], [131, 397], true, true],
    ['one number', [1, 1], [1, 1], false, false],
    ['a row and a column', [1, 9], [9, 1], false, false],
    ['a sum of nothing', [3, 0], [0, 5], false, false],
    ['no row', [0, 4], [4, 5], false, false],
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

describe('convolutions of all kinds on wasm', () => {
  const cases: [string, number[], number[], [number, number], 'same' | 'valid' | number, number][] = [
    ['channels in fours', [2, 9, 7, 8], [3, 3, 8, 12], [1, 1], 'same', 1],
    ['more terms than are summed in one go', [1, 6, 6, 96], [3, 3, 96, 9], [1, 1], 'same', 1],
    ['more outputs than are summed in one go', [1, 4, 4, 4], [1, 1, 4, 390], [1, 1], 'same', 1],
    ['a filter that is not square, strides that differ', [2, 11, 8, 3], [2, 5, 3, 5], [3, 1], 'valid', 1],
    ['a dilated filter', [2, 12, 12, 4], [3, 3, 4, 6], [1, 1], 'same', 2],
    ['a margin of its own', [1, 5, 5, 2], [3, 3, 2, 3], [1, 1], 2, 1],
    ['one pixel', [3, 1, 1, 5], [1, 1, 5, 4], [1, 1], 'same', 1],
  ];
  it.each(cases)('equal plain ones, and so do both gradients: %s', async (_, x, filter, strides, pad, dilation) => {
    const convolve = (images: tf.Tensor, by: tf.Tensor): tf.Tensor =>
      tf.conv2d(
        images as tf.Tensor4D,
        by as tf.Tensor4D,
        strides,
        pad,
        'NHWC',
        dilation,
        typeof pad === 'number' ? 'floor' : undefined,
      );
    const [images, by] = [() => normal(1, ...x), () => normal(2, ...filter)];
    await expectSame(() => convolve(images(), by()));
    // The plain backend has no gradient of a dilated convolution.
    if (dilation > 1) return;
    for (const which of [0, 1])
      await expectSame(() => tf.grads((a, b) => tf.sum(tf.sin(convolve(a, b))))([images(), by()])[which]);
  });
  it('add up the gradient of a filter over more images than are packed at once', async () => {
    await startEngine('wasm');
    const [x, dy] = [normal(1, 3, 40, 40, 1), normal(2, 3, 40, 40, 960)] as [tf.Tensor4D, tf.Tensor4D];
    const gradient = (images: tf.Tensor4D, slope: tf.Tensor4D): tf.Tensor =>
      tf.grad((w) => tf.sum(tf.mul(tf.conv2d(images, w as tf.Tensor4D, 1, 'same'), slope)))(tf.zeros([1, 1, 1, 960]));
    const each = [0, 1, 2].map((image) =>
      gradient(tf.slice(x, [image, 0, 0, 0], [1, 40, 40, 1]), tf.slice(dy, [image, 0, 0, 0], [1, 40, 40, 960])),
    );
    expect(tf.max(tf.abs(tf.sub(gradient(x, dy), tf.addN(each)))).dataSync()[0]).toBeLessThan(1e-3);
    expect(tf.max(tf.abs(each[2])).dataSync()[0]).toBeGreaterThan(10);
  });
  it('say what they cannot take', async () => {
    await startEngine('wasm');
    const images = tf.zeros<tf.Rank.R4>([1, 3, 3, 1], 'int32');
    expect(() =>
      tf
        .engine()
        .runKernel(
          'Conv2DBackpropFilter',
          { x: images, dy: images },
          { strides: 1, pad: 'same', filterShape: [1, 1, 1, 1] },
        ),
    ).toThrow(/engine\/wasm: Conv2DBackpropFilter: expected float32 tensors in NHWC order/);
  });
});

describe('layers of models that were trained elsewhere, on wasm', () => {
  it.each(['linear', 'relu', 'relu6', 'elu', 'sigmoid', 'leakyrelu', 'prelu'] as const)(
    'are the same with activation %s',
    async (activation) => {
      const fused = () => ({
        bias: normal(3, 6),
        activation,
        leakyreluAlpha: 0.1,
        preluActivationWeights: activation === 'prelu' ? normal(4, 6) : undefined,
      });
      await expectSame(() =>
        tf.fused.conv2d({
          x: normal(1, 2, 7, 7, 4) as tf.Tensor4D,
          filter: normal(2, 3, 3, 4, 6) as tf.Tensor4D,
          strides: 2,
          pad: 'same',
          ...fused(),
        }),
      );
      await expectSame(() => tf.fused.matMul({ a: normal(1, 8, 5), b: normal(2, 6, 5), transposeB: true, ...fused() }));
    },
  );
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

describe('max pooling on wasm', () => {
  // The shipped kernels start from 0: wrong wherever a window has negative entries alone.
  const negative = (...shape: number[]): tf.Tensor => tf.sub(normal(1, ...shape), 5);
  const mixed = (...shape: number[]): tf.Tensor => normal(1, ...shape);
  for (const [kind, x] of [
    ['negative', negative],
    ['mixed', mixed],
  ] as const) {
    it.each<[number, number, 'same' | 'valid']>([
      [2, 2, 'valid'],
      [3, 2, 'same'],
      [3, 1, 'same'],
    ])(
      `has the values, indexes and gradients of the cpu engine, ${kind}: window %i, stride %i, %s`,
      async (size, by, pad) => {
        const flat = (): tf.Tensor4D => x(2, 6, 5, 3) as tf.Tensor4D;
        const deep = (): tf.Tensor5D => x(2, 4, 6, 5, 2) as tf.Tensor5D;
        await expectSame(() => tf.maxPool(flat(), size, by, pad));
        await expectSame(() => tf.grad((a) => tf.sum(tf.square(tf.maxPool(a as tf.Tensor4D, size, by, pad))))(flat()));
        await expectSame(() => tf.maxPool3d(deep(), size, by, pad));
        await expectSame(() =>
          tf.grad((a) => tf.sum(tf.square(tf.maxPool3d(a as tf.Tensor5D, size, by, pad))))(deep()),
        );
        for (const includeBatch of [false, true])
          for (const part of ['result', 'indexes'] as const)
            await expectSame(() => tf.maxPoolWithArgmax(flat(), size, by, pad, includeBatch)[part]);
      },
    );
  }
  it('is refused where no kernel of the backend is right', async () => {
    await startEngine('wasm');
    expect(() => tf.dilation2d(tf.zeros<tf.Rank.R4>([1, 4, 4, 1]), tf.zeros<tf.Rank.R3>([2, 2, 1]), 1, 'same')).toThrow(
      /engine\/wasm: Dilation2D: .*wrong for negative values; try the engine cpu or native/,
    );
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
  it.each([
    ['rows', [4, 5], [3, 0, 0], 0],
    ['columns', [4, 5], [4, 1], 1],
    ['columns, counted from the end', [2, 3, 4], [0, 3, 2], -1],
    ['matrices in between', [2, 3, 4], [2, 2, 0, 1], 1],
    ['nothing', [4, 5], [], 0],
  ])('is the same: %s', async (_, shape, indices, axis) => {
    await expectSame(() => tf.add(tf.gather(normal(1, ...shape), tf.tensor1d(indices, 'int32'), axis), 0));
  });
  it('is the same by a matrix of indices, and in each sample of a batch', async () => {
    const indices = (): tf.Tensor2D => tf.tensor2d([[2, 0], [1, 1]], [2, 2], 'int32'); // prettier-ignore
    await expectSame(() => tf.add(tf.gather(normal(2, 3, 4), indices(), 0), 0));
    await expectSame(() => tf.add(tf.gather(normal(3, 2, 3), indices(), 1, 1), 0));
  });
  it('refuses an index that is out of range, as the shipped kernel does', async () => {
    await startEngine('wasm');
    const before = tf.memory().numTensors;
    const outside = (): tf.Tensor => tf.tidy(() => tf.gather(tf.zeros([2, 3]), tf.tensor1d([3], 'int32'), 1));
    expect(outside).toThrow('GatherV2: the index value 3 is not in [0, 2]');
    expect(tf.memory().numTensors).toBe(before);
  });
  it('has the same gradient', async () => {
    await expectSame(() =>
      tf.grad((x) => tf.sum(tf.square(tf.gather(x, tf.tensor1d([0, 2, 2], 'int32')))))(normal(3, 4, 5)),
    );
  });
});

describe('copies on wasm', () => {
  it('share memory until it is written to', async () => {
    await startEngine('wasm');
    const x = tf.tensor1d([1, 2, 3]);
    const before = tf.memory().numDataBuffers;
    const [clone, cast, other] = [tf.clone(x), tf.cast(x, 'float32'), tf.cast(x, 'int32')];
    expect(tf.memory().numDataBuffers - before).toBe(1);
    x.dispose();
    expect([...clone.dataSync(), ...cast.dataSync(), ...other.dataSync()]).toEqual([1, 2, 3, 1, 2, 3, 1, 2, 3]);
    tf.dispose([clone, cast, other]);
  });
});

describe('the memory of the kernels', () => {
  it('is not taken for granted', () => {
    const memory = new (
      globalThis as unknown as { WebAssembly: { Memory: new (size: object) => SharedMemory } }
    ).WebAssembly.Memory({
      initial: 1,
      maximum: 65536,
      shared: true,
    });
    const full = { wasm: { _malloc: () => 0, _free: () => {} } } as unknown as WasmBackend;
    expect(() => new KernelThreadPool(memory, full, 1)).toThrow(
      /engine\/wasm: expected 256 bytes .* got none of the 4 GiB/,
    );
  });
});

describe('threads on wasm', () => {
  it('change no bit of a result, however many they are', async () => {
    const results = await Promise.all(
      [1, 2, 5].map((threads) =>
        promisify(execFile)(process.execPath, ['--input-type=module', '-e', program(threads)]),
      ),
    );
    const [alone, ...others] = results.map(({ stdout }) => stdout);
    expect(alone).toMatch(/^[0-9a-f]{64}\n$/);
    expect(others).toEqual([alone, alone]);
  });
});

/** A program that computes much with a number of threads, and prints a hash of it. */
const program = (threads: number): string => `
import { createHash } from 'node:crypto';
import { fusedOps } from '@cxr-align/fused-ops';
import { startEngine } from '@cxr-align/engine';
import * as tf from '@tensorflow/tfjs-core';
await startEngine('wasm', { threads: ${threads} });
const normal = (seed, ...shape) => tf.randomNormal(shape, 0, 1, 'float32', seed);
const hash = createHash('sha256');
const take = (...tensors) => tensors.forEach((tensor) => hash.update(tensor.dataSync()));
take(tf.matMul(normal(1, 300, 500), normal(2, 500, 200)), tf.matMul(normal(3, 40, 30, 20), normal(4, 40, 30, 20), true));
take(...tf.grads((x, w) => tf.sum(tf.square(tf.conv2d(x, w, 2, 'same'))))([normal(5, 4, 40, 40, 8), normal(6, 3, 3, 8, 16)]));
const { attention, dropout, biasReluDropout, layerNorm, columnSums } = fusedOps();
const mask = { rate: 0.3, words: Int32Array.of(1, 2, 3, 4) };
const rows = normal(7, 700, 96);
const forms = [
  attention(normal(8, 640, 96), normal(9, 640, 192), { batch: 20, heads: 4 }, mask),
  biasReluDropout(rows, normal(10, 96), mask),
  layerNorm(rows, normal(11, 96), normal(12, 96), 1e-5),
];
for (const { value, saved, gradient } of forms) take(value, ...gradient(normal(13, ...value.shape), saved));
take(dropout(normal(14, 300000), mask), columnSums(rows));
console.log(hash.digest('hex'));
`;
