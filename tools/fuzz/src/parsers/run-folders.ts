import { cpSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { loadModel } from '@cxr-align/classifier';
import { startEngine } from '@cxr-align/engine';
import { coverFiles, sealedBody, sha256 } from '@cxr-align/files';
import {
  openDataset,
  type OpenedDataset,
  readEvaluatedRun,
  readHistory,
  readRunConfig,
  resolveConfig,
  train,
} from '@cxr-align/training';
import sharp from 'sharp';
import type { Parser } from '../judge.js';

/** A run of an aligned model on nine images, trained once in a process. */
let trained: Promise<{ run: string; data: OpenedDataset }> | undefined;

const config = resolveConfig({
  epochs: 1,
  batchSize: 4,
  bootstrap: 0,
  image: { size: 8 },
  encoder: { channels: [2], dim: 4 },
  decoder: { dim: 4, layers: 1, heads: 1 },
});

async function trainOnce(): Promise<{ run: string; data: OpenedDataset }> {
  await startEngine('cpu');
  const folder = mkdtempSync(join(tmpdir(), 'fuzz-data-'));
  const splits = ['train', 'train', 'train', 'train', 'train', 'val', 'val', 'test', 'test'];
  const rows = splits.map((split, i) => `${i}.png,p${i},${split},${i % 2},${i % 3 === 0 ? 1 : 0}`);
  writeFileSync(join(folder, 'labels.csv'), `image,patientId,split,Edema,Mass\n${rows.join('\n')}\n`);
  for (const i of splits.keys()) {
    const pixels = Uint8Array.from({ length: 64 }, (_, at) => (at * (i + 3) * 7) % 256);
    await sharp(pixels, { raw: { width: 8, height: 8, channels: 1 } }).toFile(join(folder, `${i}.png`));
  }
  const data = await openDataset(folder);
  const run = join(mkdtempSync(join(tmpdir(), 'fuzz-run-')), 'run');
  await train({ data, config, out: run });
  return { run, data };
}

const aRun = (): Promise<{ run: string; data: OpenedDataset }> => (trained ??= trainOnce());

async function copyRun(folder: string): Promise<void> {
  cpSync((await aRun()).run, folder, { recursive: true });
}

/** The manifests name what an input changed, as those of a folder do that somebody made. */
function nameAnew(file: string): void {
  const run = dirname(dirname(file));
  coverFiles(dirname(file), [basename(file)]);
  if (basename(dirname(file)) === 'model') coverFiles(run, ['model/manifest.json']);
}

/** A file of `model/`. */
const modelFile = (file: string, grammar: Parser['grammar'], isLong = false): Parser => ({
  name: `model-${file.replace(/\..*$/, '')}`,
  isLong,
  grammar,
  file: `model/${file}`,
  seeds: async () => [new Uint8Array(readFileSync(join((await aRun()).run, 'model', file)))],
  prepare: copyRun,
  parse: async (path) => {
    nameAnew(path);
    loadModel(dirname(dirname(path))).dispose();
  },
  isFolder: true,
});

/** A file of a run that reports and comparisons read. */
const runFile = (name: string, file: string, grammar: Parser['grammar'], isLong = false): Parser => ({
  name,
  isLong,
  grammar,
  file,
  seeds: async () => [new Uint8Array(readFileSync(join((await aRun()).run, file)))],
  prepare: copyRun,
  parse: async (path) => {
    const run = dirname(path);
    coverFiles(run, [file]);
    await readEvaluatedRun(run);
    readHistory(run);
  },
  isFolder: true,
});

/** The hash at the end of a text anew. */
function sealedAnew(bytes: Uint8Array): Uint8Array {
  const text = Buffer.from(bytes).toString('utf8');
  const body = sealedBody(text)?.body;
  return body === undefined ? bytes : Buffer.from(`${body},\n"sha256":"${sha256(body)}"}\n`);
}

/** The hash in the header of safetensors anew. */
function hashedAnew(bytes: Uint8Array): Uint8Array {
  const at = Buffer.from(bytes.subarray(0, 200)).indexOf('"sha256":"') + 10;
  if (at < 10 || bytes.length < at + 64) return bytes;
  const copy = Uint8Array.from(bytes).fill(0x30, at, at + 64);
  copy.set(new TextEncoder().encode(sha256(copy)), at);
  return copy;
}

const checkpointName = 'epoch-0001.safetensors';

/** Run folders: models, checkpoints, histories, evaluations, with hashes that fit. */
export const runFolderParsers: readonly Parser[] = [
  modelFile('config.json', 'json'),
  modelFile('graph.json', 'json', true),
  modelFile('prompts.json', 'json', true),
  modelFile('thresholds.json', 'json'),
  modelFile('calibration.json', 'json'),
  modelFile('training-set.json', 'json', true),
  modelFile('model.safetensors', 'binary'),
  {
    ...modelFile('manifest.json', 'json'),
    repair: sealedAnew,
    parse: async (path) => loadModel(dirname(dirname(path))).dispose(),
  },
  runFile('run-evaluation', 'evaluation.json', 'json', true),
  runFile('run-evaluation-details', 'evaluation-details.json', 'json'),
  runFile('run-history', 'history.jsonl', 'json'),
  {
    ...runFile('run-identity', 'identity.json', 'json'),
    repair: sealedAnew,
    parse: async (path) => readRunConfig(dirname(path)),
  },
  {
    name: 'checkpoint',
    // Each is a training that goes on.
    isLong: true,
    mostRuns: 1000,
    grammar: 'binary',
    file: `checkpoints/${checkpointName}`,
    seeds: async () => {
      const { run } = await aRun();
      return [new Uint8Array(readFileSync(join(run, 'checkpoints', checkpointName)))];
    },
    repair: hashedAnew,
    prepare: copyRun,
    parse: async (path) => {
      const run = dirname(dirname(path));
      await train({ data: (await aRun()).data, config, out: run, resume: true });
    },
    isFolder: true,
  },
];
