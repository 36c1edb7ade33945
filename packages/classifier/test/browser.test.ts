import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startEngine } from '@cxr-align/engine';
import * as tf from '@tensorflow/tfjs-core';
import { build, type Metafile } from 'esbuild';
import { browserBundle } from '../browser-bundle.js';
import type * as Browser from '../src/browser.js';
import { openPredictor } from '../src/predict/open-predictor.js';
import { writeModel } from '../src/store/model-folder.js';
import { openModel } from '../src/store/open-model.js';
import { untrainedModel } from '../src/store/untrained-model.js';
import { smallConfig, threeLabels } from './small-model.js';

const room = fileURLToPath(new URL('..', import.meta.url));
const place = mkdtempSync(join(room, 'browser-test-'));
let inputs: string[];
let imports: string[];
let browser: typeof Browser;

beforeAll(async () => {
  await startEngine('wasm');
  const outfile = join(place, 'bundle.mjs');
  const { metafile } = await build({
    entryPoints: [join(room, 'src', 'browser.ts')],
    outfile,
    bundle: true,
    platform: 'browser',
    format: 'esm',
    plugins: [browserBundle],
    tsconfig: join(room, 'tsconfig.json'),
    metafile: true,
    logLevel: 'silent',
  });
  const [output] = Object.values((metafile as Metafile).outputs);
  inputs = Object.keys(output.inputs);
  imports = [...new Set(output.imports.map(({ path }) => path))];
  browser = await import(outfile);
});
afterAll(() => rmSync(place, { recursive: true, force: true }));

const pixels = { data: Uint8Array.from({ length: 256 }, (_, at) => (37 * at) % 256), width: 16, height: 16 };

describe('@cxr-align/classifier/browser', () => {
  it('needs TensorFlow.js alone: no module of Node, no native one', () => {
    expect(imports).toEqual(['@tensorflow/tfjs-core']);
    expect(readFileSync(join(place, 'bundle.mjs'), 'utf8')).not.toMatch(/['"]node:|\brequire\(['"]/);
    expect(inputs.some((file) => file.endsWith('model/label-decoder-model.ts'))).toBe(true);
  });
  it('predicts pixels from the files of a model folder as Node does', async () => {
    const stored = await untrainedModel({ config: smallConfig, graph: threeLabels() });
    writeModel(place, stored);
    const folder = join(place, 'model');
    const files = Object.fromEntries(
      readdirSync(folder).map((name): [string, Uint8Array] => [name, readFileSync(join(folder, name))]),
    );
    const before = tf.memory().numTensors;
    const predictor = browser.pixelPredictor(await browser.modelFromFiles(files));
    const options = { explain: true, map: { label: 'C' } };
    const prediction = await predictor.predict(pixels, options);
    const inNode = await openPredictor(openModel(stored));
    expect(prediction).toEqual(await inNode.predict(pixels, options));
    await expect(predictor.predict({ ...pixels, width: 8, height: 32 })).rejects.toThrow('expected pixels of 16 × 16');
    await inNode.dispose();
    await predictor.dispose();
    expect(tf.memory().numTensors).toBe(before);
    const { 'graph.json': _graph, ...fewer } = files;
    await expect(browser.modelFromFiles(fewer)).rejects.toThrow('model/graph.json: expected a file of a trained model');
    const { 'manifest.json': _manifest, ...unnamed } = files;
    await expect(browser.modelFromFiles(unnamed)).rejects.toThrow('model/manifest.json: expected a file of a trained');
    const damaged = { ...files, 'model.safetensors': files['model.safetensors'].slice(8) };
    await expect(browser.modelFromFiles(damaged)).rejects.toThrow(
      'model/model.safetensors: expected the bytes that manifest.json has the hash of',
    );
  });
});
