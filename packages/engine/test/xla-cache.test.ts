import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { xlaCacheFolder } from '../src/start/xla-cache.js';
import { describeTensorflow } from './describe-tensorflow.js';

const place = mkdtempSync(join(tmpdir(), 'xla-cache-'));
afterAll(() => rmSync(place, { recursive: true }));

describe('xlaCacheFolder', () => {
  const manifest = { kind: 'native' as const, tensorflow: '2.21.0' };

  it('is one for each TensorFlow and each setting that compiled code depends on', () => {
    const folders = [
      xlaCacheFolder(place, manifest, {}),
      xlaCacheFolder(place, manifest, {}),
      xlaCacheFolder(place, { ...manifest, tensorflow: '2.21.1' }, {}),
      xlaCacheFolder(place, manifest, { XLA_FLAGS: '--xla_gpu_deterministic_ops=true' }),
      xlaCacheFolder(place, manifest, { NVIDIA_TF32_OVERRIDE: '0' }),
    ];
    expect(new Set(folders).size).toBe(4);
    expect(folders[1]).toBe(folders[0]);
  });
  it('keeps the newest 200 files', () => {
    const folder = xlaCacheFolder(place, manifest, {})!;
    for (let i = 0; i < 203; i++) {
      writeFileSync(join(folder, `${i}`), '');
      utimesSync(join(folder, `${i}`), 1000 + i, 1000 + i);
    }
    xlaCacheFolder(place, manifest, {});
    const left = readdirSync(folder);
    expect(left).toHaveLength(200);
    expect(['0', '1', '2'].filter((name) => left.includes(name))).toEqual([]);
  });
  it('is none where it cannot be made', () => {
    writeFileSync(join(place, 'file'), '');
    expect(xlaCacheFolder(join(place, 'file'), manifest, {})).toBeUndefined();
    expect(xlaCacheFolder(join(place, 'two words'), manifest, {})).toBeUndefined();
  });
});

/** Compiles a small step in a process of its own. */
const program = `
import { startEngine } from './dist/index.js';
import { fusedOps } from '@cxr-align/fused-ops';
import * as tf from '@tensorflow/tfjs-core';
await startEngine('native');
const capture = fusedOps().stepCapture('xla');
const x = tf.tensor1d([1, 2, 3]);
const { y } = capture.run({ inputs: [x], step: 0 }, () => tf.tidy(() => ({ y: tf.exp(tf.mul(x, 2)) })));
console.log(JSON.stringify({ y: [...y.dataSync()], compiled: capture.report().compiled }));
`;

describeTensorflow('functions that XLA has compiled', (engine) => {
  it('are found by another process', () => {
    if (engine !== 'native') return;
    const folder = join(place, 'of-processes');
    mkdirSync(folder);
    const run = (): { y: number[]; compiled: { functions: number } } =>
      JSON.parse(
        execFileSync(process.execPath, ['--input-type=module', '-e', program], {
          cwd: fileURLToPath(new URL('..', import.meta.url)),
          env: { ...process.env, NODE_OPTIONS: '', TF_XLA_FLAGS: `--tf_xla_persistent_cache_directory=${folder}` },
          encoding: 'utf8',
        }),
      ) as ReturnType<typeof run>;
    const first = run();
    const files = readdirSync(folder);
    expect(files).toHaveLength(1);
    expect(run().y).toEqual(first.y);
    // One that was compiled anew would have been written under another name.
    expect(readdirSync(folder)).toEqual(files);
  });
});
