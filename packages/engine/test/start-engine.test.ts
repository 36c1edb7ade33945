import { createRequire } from 'node:module';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import * as tf from '@tensorflow/tfjs-core';
import { EngineError, startEngine, tryEngines } from '../src/index.js';

const require = createRequire(import.meta.url);
const patched = (): unknown[] => [
  (require('node:worker_threads') as typeof import('node:worker_threads')).Worker,
  (require('node:os') as typeof import('node:os')).cpus,
];

describe('startEngine(name)', () => {
  it('gives concurrent calls the same engine, and leaves Node as it was', async () => {
    const before = patched();
    const starts = [startEngine('wasm', { threads: 2 }), startEngine('wasm', { threads: 2 }), startEngine('wasm')];
    const [first, ...others] = await Promise.all(starts);
    expect(others.every((engine) => engine === first)).toBe(true);
    expect(first).toMatchObject({ name: 'wasm', threads: 2 });
    expect(patched()).toEqual(before);
    expect(patched().every((one, i) => one === before[i])).toBe(true);
    expect([...tf.matMul(tf.ones([64, 70]), tf.ones([70, 64])).dataSync()].every((value) => value === 70)).toBe(true);
  });
  it('gives a later call the same engine, and refuses other options by name', async () => {
    const first = await startEngine('wasm');
    expect(await startEngine('wasm', { threads: 2, kernels: 'fast' })).toBe(first);
    await expect(startEngine('wasm', { threads: 3 })).rejects.toThrow(
      "engine/wasm: does not start: it runs in this process with 2 threads and kernels 'fast', and cannot be started again with threads 3; leave the option out, or start another process",
    );
    const other = startEngine('wasm', { kernels: 'plain' });
    await expect(other).rejects.toThrow(/cannot be started again with kernels: 'plain'/);
    await expect(other).rejects.toBeInstanceOf(EngineError);
    expect(tf.getBackend()).toBe('wasm');
  });
  it('starts cpu and wasm in turns, and computes on the last one', async () => {
    for (const name of ['cpu', 'wasm', 'cpu'] as const) {
      const engine = await startEngine(name);
      expect(engine.name).toBe(name);
      expect(tf.getBackend()).toBe(name);
      expect([...tf.matMul(tf.tensor2d([[1, 2]]), tf.tensor2d([[3], [4]])).dataSync()]).toEqual([11]);
    }
  });
  it('registers gradients', async () => {
    await startEngine('cpu');
    expect([
      ...tf
        .grad((x) => tf.sum(tf.square(x)))(tf.tensor1d([3]))
        .dataSync(),
    ]).toEqual([6]);
  });
  it.each<[Parameters<typeof startEngine>, RegExp]>([
    [['gpu' as 'cuda'], /expected an engine \(cuda, webgpu, native, wasm, cpu, auto\), got gpu/],
    [['wasm', { threads: 0 }], /expected threads to be a whole number from 1 to 256, got 0/],
    [['wasm', { threads: 1.5 }], /from 1 to 256, got 1.5/],
    [['wasm', { threads: 1e6 }], /from 1 to 256, got 1000000/],
    [['auto', { kernels: 'slow' as 'plain' }], /expected kernels to be fast or plain, got slow/],
    [['wasm', { kernels: 'plain', threads: 2 }], /expected no threads with plain kernels, got 2/],
  ])('refuses %j', async (given, message) => {
    const start = startEngine(...given);
    await expect(start).rejects.toThrow(RangeError);
    await expect(start).rejects.toThrow(message);
  });
  it('refuses another word in CXR_ALIGN_KERNELS', async () => {
    process.env.CXR_ALIGN_KERNELS = 'simple';
    try {
      await expect(startEngine('cpu')).rejects.toThrow('expected CXR_ALIGN_KERNELS to be fast or plain, got simple');
    } finally {
      delete process.env.CXR_ALIGN_KERNELS;
    }
  });
});

describe('describe()', () => {
  it('says which kernels are in use, and why', async () => {
    const cpu = (await startEngine('cpu')).describe();
    expect(cpu).toEqual({
      name: 'cpu',
      backend: 'cpu',
      description: 'plain JavaScript, for reference values',
      threads: 1,
      kernels: 'plain',
      reason: 'the engine cpu has no kernels of ours',
      replacedKernels: [],
      fusedOps: [],
      stepCapture: { available: false, reason: 'the engine cpu has no step capture' },
    });
    const wasm = (await startEngine('wasm')).describe();
    expect(wasm).toMatchObject({ kernels: 'fast', reason: 'our own kernels run in the memory of the backend' });
    expect(wasm.fusedOps).toEqual([
      'adamW',
      'attention',
      'biasReluDropout',
      'columnSums',
      'dropout',
      'entryLosses',
      'layerNorm',
    ]);
    expect(wasm.replacedKernels).toEqual(expect.arrayContaining(['BatchMatMul', 'Conv2D', 'MaxPoolGrad']));
  });
});

describe('tryEngines()', () => {
  it('says for each engine that it starts, or why not and what to do', async () => {
    const attempts = await tryEngines();
    expect(attempts.map(({ name }) => name)).toEqual(['cuda', 'webgpu', 'native', 'wasm', 'cpu']);
    for (const { engine, error } of attempts) {
      if (engine) expect(engine.describe().reason).not.toBe('');
      else {
        expect(error).toBeInstanceOf(EngineError);
        expect(error!.reason).not.toBe('');
        expect(error!.hint).not.toBe('');
      }
    }
    expect(attempts.find(({ name }) => name === 'wasm')?.engine).toBeDefined();
  });
});

/** A program that computes values and gradients on an engine, and prints them with the engine's description. */
const program = (options: string): string => `
import { startEngine } from '@cxr-align/engine';
import { fusedOps } from '@cxr-align/fused-ops';
import * as tf from '@tensorflow/tfjs-core';
const engine = await startEngine('wasm', ${options});
const normal = (seed, ...shape) => tf.randomNormal(shape, 0, 1, 'float32', seed);
const results = [
  tf.matMul(normal(1, 30, 40), normal(2, 50, 40), false, true),
  tf.fused.matMul({ a: normal(1, 8, 5), b: normal(2, 6, 5), transposeB: true, bias: normal(3, 6), activation: 'elu' }),
  ...tf.grads((x, w) => tf.sum(tf.sin(tf.conv2d(x, w, 2, 'same'))))([normal(3, 2, 9, 9, 3), normal(4, 3, 3, 3, 5)]),
  ...tf.grads((x, w) => tf.sum(tf.sin(tf.conv2d(x, w, 3, 'valid'))))([normal(3, 2, 13, 13, 3), normal(4, 5, 5, 3, 2)]),
  tf.grad((x) => tf.sum(tf.square(tf.gather(x, tf.tensor1d([0, 2, 2], 'int32')))))(normal(5, 4, 5)),
  tf.grad((x) => tf.sum(tf.square(tf.maxPool(x, 2, 2, 'valid'))))(tf.sub(normal(6, 2, 6, 6, 2), 5)),
];
console.log(JSON.stringify({ describe: engine.describe(), fused: Object.keys(fusedOps()), values: results.map((one) => [...one.dataSync()]) }));
process.exit();
`;

describe('plain kernels', () => {
  const run = async (options: string, env = {}) => {
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program(options)], {
      env: { ...process.env, ...env },
    });
    return JSON.parse(stdout) as {
      describe: ReturnType<Awaited<ReturnType<typeof startEngine>>['describe']>;
      fused: string[];
      values: number[][];
    };
  };
  const corrections = [
    'Conv2DBackpropFilter',
    'Dilation2D',
    'Dilation2DBackpropFilter',
    'Dilation2DBackpropInput',
    'MaxPool3D',
    'MaxPool3DGrad',
    'MaxPoolGrad',
    'MaxPoolWithArgmax',
    'UnsortedSegmentSum',
    '_FusedMatMul',
  ];

  it('register nothing of ours but what the backend lacks or computes wrong, by option and by environment', async () => {
    const [fast, byOption, byEnvironment] = await Promise.all([
      run('{ threads: 1 }'),
      run("{ kernels: 'plain' }"),
      run('{}', { CXR_ALIGN_KERNELS: 'plain' }),
    ]);
    expect(fast.describe.kernels).toBe('fast');
    expect(fast.fused).toContain('attention');
    for (const [plain, chosenBy] of [
      [byOption, "kernels: 'plain'"],
      [byEnvironment, 'CXR_ALIGN_KERNELS=plain'],
    ] as const) {
      expect(plain.fused).toEqual([]);
      expect(plain.describe).toMatchObject({
        kernels: 'plain',
        threads: 1,
        fusedOps: [],
        replacedKernels: corrections,
      });
      expect(plain.describe.reason).toContain(`${chosenBy}: the shipped backend`);
      plain.values.forEach((values, i) => {
        expect(values).toHaveLength(fast.values[i].length);
        const most = Math.max(...fast.values[i].map(Math.abs));
        values.forEach((value, j) =>
          expect(Math.abs(value - fast.values[i][j])).toBeLessThan(2e-5 * Math.max(1, most)),
        );
      });
    }
  });
});
