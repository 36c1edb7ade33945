import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { fileURLToPath } from 'node:url';
import {
  applyPolicy,
  FeatureStore,
  FeatureStoreWriter,
  labelPolicy,
  overlappingPatients,
  readDataset,
} from '@cxr-align/datasets';
import { chexpertLabels } from '@cxr-align/phantoms';
import { startEngine } from '@cxr-align/engine';
import { imageBatch, loadImages } from '@cxr-align/image-backbone';
import { binaryCrossEntropyLoss } from '@cxr-align/losses';
import { AdamW, Linear, Parameters } from '@cxr-align/nn';
import { RandomStream } from '@cxr-align/random';
import { valueAndGradients } from '@cxr-align/tensor';
import * as tf from '@tensorflow/tfjs-core';
import sharp from 'sharp';
import { hasModules, median, pythonScript, runJson, runSelf } from './run-program.js';

/** Throughput of decoding, resizing and normalising files of one kind. */
export interface DecodeResult {
  kind: 'jpeg' | 'png16';
  images: number;
  imagesPerSecond: number;
  /** What torchvision reaches on the same files; undefined without it. */
  torchvision?: { imagesPerSecond: number; version: string };
  /** Ours by torchvision's. */
  ratio?: number;
}

/** An epoch over a large feature store. */
export interface StoreResult {
  rows: number;
  dim: number;
  openMs: number;
  epochSeconds: number;
  /** Share of the steps' time in which they waited for their batch. */
  waitShare: number;
  /** Peak of resident memory above what was there before the store was opened. */
  aboveModelMiB: number;
  /** Rows that were seen once. */
  seenOnce: number;
  /** Mean distance of neighbours in the order of the epoch, by what a random order has. */
  shuffledDistance: number;
}

/** Reading a label table as long as CheXpert's. */
export interface TableResult {
  rows: number;
  /** Read, mapped by a policy, joined to patients. */
  seconds: number;
  peakMiB: number;
}

export interface DataResult {
  decode: DecodeResult[];
  store: StoreResult;
  table: TableResult;
  /** MIMIC-CXR-JPG's four tables at full length, gzipped. */
  mimic: TableResult;
}

export interface DataRequest {
  images: number;
  rounds: number;
  python: string;
}

const pixels = 2048;
const size = 224;
const storeRows = 377_000;
const storeDim = 512;
const tableRows = 223_414;
const mimicImages = 377_110;
const mimicStudies = 227_827;

/** All parts, each in a process of its own. */
export async function benchData({ images, rounds, python }: DataRequest): Promise<DataResult> {
  const folder = await phantomFiles(images);
  const hasPeer = hasModules(python, ['torchvision']);
  const decode = (['jpeg', 'png16'] as const).map((kind): DecodeResult => {
    const own: number[] = [];
    const peer: { images_per_s: number; torchvision: string }[] = [];
    for (let round = 0; round < rounds; round++) {
      process.stderr.write(`${kind}, round ${round + 1} of ${rounds} …\n`);
      own.push(runSelf<number>(['data-once', 'decode', join(folder, kind)]));
      const workers = ['--workers', String(availableParallelism())];
      if (hasPeer) peer.push(runJson(python, [pythonScript('torchvision_decode.py'), join(folder, kind), ...workers]));
    }
    const imagesPerSecond = median(own);
    if (!hasPeer) return { kind, images, imagesPerSecond };
    const theirs = median(peer.map(({ images_per_s: rate }) => rate));
    const torchvision = { imagesPerSecond: theirs, version: peer[0].torchvision };
    return { kind, images, imagesPerSecond, torchvision, ratio: imagesPerSecond / theirs };
  });
  const scratch = mkdtempSync(join(tmpdir(), 'cxr-align-bench-'));
  try {
    process.stderr.write('feature store …\n');
    writeStore(join(scratch, 'store'));
    const store = runSelf<StoreResult>(['data-once', 'store', join(scratch, 'store')]);
    process.stderr.write('label table …\n');
    writeTable(join(scratch, 'table'));
    const table = runSelf<TableResult>(['data-once', 'table', join(scratch, 'table')]);
    writeMimic(join(scratch, 'mimic'));
    const mimic = runSelf<TableResult>(['data-once', 'mimic', join(scratch, 'mimic')]);
    return { decode, store, table, mimic };
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

/** One part, in this process. */
export async function dataOnce([part, folder]: readonly string[]): Promise<unknown> {
  if (part === 'decode') return decodeRate(folder);
  return part === 'store' ? storeEpoch(folder) : readTableOnce(folder, part === 'mimic' ? mimicImages : tableRows);
}

/** Phantoms of 2048 × 2048 as JPEG of quality 90 and as 16-bit PNG; drawn once, and kept for the next call. */
async function phantomFiles(images: number): Promise<string> {
  const folder = join(tmpdir(), `cxr-align-bench-${pixels}-${images}`);
  if (existsSync(join(folder, 'done'))) return folder;
  rmSync(folder, { recursive: true, force: true });
  process.stderr.write(`drawing ${images} phantoms of ${pixels} × ${pixels} …\n`);
  const command = fileURLToPath(new URL('../../../apps/trainer/bin/cxr-align.js', import.meta.url));
  const drawn = join(folder, 'phantoms');
  const flags = ['phantom', '--out', drawn, '--images', String(images), '--size', String(pixels)];
  const { status, stderr } = spawnSync(process.execPath, [command, ...flags], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`bench data: expected phantoms, got ${stderr}`);
  const files = readdirSync(join(drawn, 'images'), { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.png'),
  );
  for (const kind of ['jpeg', 'png16']) mkdirSync(join(folder, kind));
  for (const [i, name] of files.entries()) {
    const image = sharp(join(drawn, 'images', name));
    await image
      .clone()
      .toColourspace('b-w')
      .jpeg({ quality: 90 })
      .toFile(join(folder, 'jpeg', `${i}.jpg`));
    await image
      .clone()
      .toColourspace('grey16')
      .png()
      .toFile(join(folder, 'png16', `${i}.png`));
  }
  rmSync(drawn, { recursive: true });
  writeFileSync(join(folder, 'done'), '');
  return folder;
}

/** Images of a batch, and those before the clock starts: the peer does not count the first 16 of each of its workers. */
const together = 32;

/** Images a second of decode, resize and normalise; the start of the threads is counted. */
async function decodeRate(folder: string): Promise<number> {
  await startEngine('cpu');
  const files = readdirSync(folder).map((name) => join(folder, name));
  const preprocessing = { size, fit: 'stretch', kernel: 'linear' } as const;
  await loadImages(files.slice(0, together), preprocessing);
  const timed = files.slice(together);
  const began = performance.now();
  const set = await loadImages(timed, preprocessing);
  for (let start = 0; start < timed.length; start += together) {
    const batch = Array.from({ length: Math.min(together, timed.length - start) }, (_, i) => start + i);
    imageBatch(set, batch, { mean: 0.5, std: 0.25 }).dispose();
  }
  return timed.length / ((performance.now() - began) / 1000);
}

/** Random features; the first two numbers of a row say which it is. */
function writeStore(folder: string): void {
  const source = { encoder: 'random', weightsHash: 'none', preprocessing: {} };
  const writer = new FeatureStoreWriter(folder, source, { dim: storeDim });
  const shard = 8192;
  const noise = new RandomStream({ seed: 1, purpose: 'bench-store' }).normals(shard * storeDim);
  for (let start = 0; start < storeRows; start += shard) {
    const rows = Math.min(shard, storeRows - start);
    const features = noise.slice(0, rows * storeDim);
    for (let row = 0; row < rows; row++) {
      features[row * storeDim] = (start + row) >> 10;
      features[row * storeDim + 1] = (start + row) & 1023;
    }
    const names = Array.from({ length: rows }, (_, row) => `files/p${(start + row) >> 2}/${start + row}.jpg`);
    writer.append(
      names.map((id) => ({ id, content: '0123456789abcdef' })),
      features,
    );
  }
}

/** Trains a linear map of 14 labels on all rows, once. */
async function storeEpoch(folder: string): Promise<StoreResult> {
  await startEngine('wasm');
  const labels = 14;
  const batchSize = 256;
  const parameters = new Parameters(1);
  const layer = new Linear(parameters.scope('linear'), storeDim, labels);
  const optimizer = new AdamW(parameters.trainable());
  const targets = tf.zeros<tf.Rank.R2>([batchSize, labels]);
  const step = (features: tf.Tensor2D): void => {
    const { loss, gradients } = valueAndGradients(
      () => ({
        loss: binaryCrossEntropyLoss(
          layer.forward(features) as tf.Tensor2D,
          tf.slice(targets, [0, 0], [features.shape[0], labels]),
        ),
        aux: {},
      }),
      parameters.trainable().map(({ variable }) => variable),
    );
    tf.dispose([loss, optimizer.applyGradients(gradients, { learningRate: 1e-3 })]);
  };
  step(tf.zeros([batchSize, storeDim]));
  const before = process.memoryUsage().rss;
  const opened = performance.now();
  const store = new FeatureStore(folder);
  const openMs = performance.now() - opened;
  const order = new RandomStream({ seed: 1, purpose: 'order' }).permutation(store.rows);
  const seen = new Uint8Array(store.rows);
  let waited = 0;
  let peak = 0;
  const began = performance.now();
  for (let start = 0; start < order.length; start += batchSize) {
    const from = performance.now();
    const rows = order.subarray(start, start + batchSize);
    const values = store.read(rows);
    const features = tf.tensor2d(values, [rows.length, storeDim]);
    waited += performance.now() - from;
    for (let i = 0; i < rows.length; i++) seen[1024 * values[i * storeDim] + values[i * storeDim + 1]]++;
    step(features);
    features.dispose();
    if ((start / batchSize) % 64 === 0) peak = Math.max(peak, process.memoryUsage().rss);
  }
  const epochMs = performance.now() - began;
  const distances = order.slice(1).reduce((sum, row, i) => sum + Math.abs(row - order[i]), 0) / (order.length - 1);
  return {
    rows: store.rows,
    dim: storeDim,
    openMs,
    epochSeconds: epochMs / 1000,
    waitShare: waited / epochMs,
    aboveModelMiB: (Math.max(peak, process.memoryUsage().rss) - before) / 2 ** 20,
    seenOnce: seen.reduce((count, times) => count + Number(times === 1), 0),
    shuffledDistance: distances / (order.length / 3),
  };
}

/** A table in CheXpert's columns, as long as its training set. */
function writeTable(folder: string): void {
  const random = new RandomStream({ seed: 1, purpose: 'bench-table' });
  const cell = (): string => {
    const drawn = random.uniform();
    return drawn < 0.6 ? '' : drawn < 0.8 ? '1.0' : drawn < 0.93 ? '0.0' : '-1.0';
  };
  const rows = [['Path', 'Sex', 'Age', 'Frontal/Lateral', 'AP/PA', ...chexpertLabels].join(',')];
  for (let i = 0; i < tableRows; i++) {
    const patient = String(Math.floor(i / 3.4) + 1).padStart(5, '0');
    const isFrontal = random.chance(0.85);
    const name = `CheXpert-v1.0/train/patient${patient}/study${1 + (i % 4)}/view1_${isFrontal ? 'frontal' : 'lateral'}.jpg`;
    const person = [random.chance(0.5) ? 'Male' : 'Female', String(18 + random.integer(72))];
    const view = isFrontal ? ['Frontal', 'AP'] : ['Lateral', ''];
    rows.push([name, ...person, ...view, ...chexpertLabels.map(cell)].join(','));
  }
  mkdirSync(folder);
  writeFileSync(join(folder, 'train.csv'), rows.join('\n'));
}

/** MIMIC-CXR-JPG's tables at full length: invented rows in the published layout. */
function writeMimic(folder: string): void {
  const random = new RandomStream({ seed: 2, purpose: 'bench-mimic' });
  const said = ['', '', '', '1.0', '0.0', '-1.0'];
  const labels = [['subject_id', 'study_id', ...chexpertLabels].join(',')];
  const split = ['dicom_id,study_id,subject_id,split'];
  const metadata = ['dicom_id,subject_id,study_id,ViewPosition,Rows,Columns,StudyDate'];
  for (let study = 0, image = 0; study < mimicStudies; study++) {
    const [subject, number] = [10_000_000 + Math.floor(study / 3.5), 50_000_000 + study];
    labels.push([subject, number, ...chexpertLabels.map(() => said[random.integer(said.length)])].join(','));
    // As many images as there are, one or two a study.
    const until = Math.round(((study + 1) * mimicImages) / mimicStudies);
    for (; image < until; image++) {
      const dicom = [8, 8, 8, 8, 8]
        .map((n) =>
          random
            .integer(16 ** n)
            .toString(16)
            .padStart(n, '0'),
        )
        .join('-');
      split.push(`${dicom},${number},${subject},${study % 50 === 0 ? 'validate' : 'train'}`);
      metadata.push(`${dicom},${subject},${number},${image % 3 === 0 ? 'LATERAL' : 'PA'},2544,3056,21800101`);
    }
  }
  mkdirSync(folder);
  for (const [name, rows] of Object.entries({ chexpert: labels, split, metadata }))
    writeFileSync(join(folder, `mimic-cxr-2.0.0-${name}.csv.gz`), gzipSync(rows.join('\n')));
}

async function readTableOnce(folder: string, rows: number): Promise<TableResult> {
  const began = performance.now();
  const dataset = await readDataset(folder);
  const { values } = applyPolicy(dataset.annotations, labelPolicy('u-ones'));
  overlappingPatients(dataset);
  const seconds = (performance.now() - began) / 1000;
  if (values.length !== rows * chexpertLabels.length)
    throw new Error(`bench data: expected ${rows} rows, got ${values.length / chexpertLabels.length}`);
  return { rows, seconds, peakMiB: process.resourceUsage().maxRSS / 1024 };
}

/** The results in words. */
export function dataText({ decode, store, table, mimic }: DataResult): string {
  return [
    ...decode.map(
      ({ kind, images, imagesPerSecond, torchvision, ratio }) =>
        `${kind}: ${images} files of ${pixels} × ${pixels} to ${size} × ${size}: ${imagesPerSecond.toFixed(1)} images/s${torchvision ? `, torchvision ${torchvision.version} ${torchvision.imagesPerSecond.toFixed(1)}: ratio ${ratio!.toFixed(2)}` : ''}`,
    ),
    `feature store of ${store.rows} × ${store.dim} float16: opens in ${store.openMs.toFixed(0)} ms; an epoch in ${store.epochSeconds.toFixed(1)} s, of which ${(100 * store.waitShare).toFixed(1)} % waiting for batches, ${store.aboveModelMiB.toFixed(0)} MiB above the model`,
    `  every row once: ${store.seenOnce === store.rows ? 'yes' : `no, ${store.seenOnce}`}; neighbours are ${store.shuffledDistance.toFixed(3)} of a random order's distance apart`,
    `label table of ${table.rows} rows, read, mapped and joined: ${table.seconds.toFixed(2)} s, ${table.peakMiB.toFixed(0)} MiB`,
    `MIMIC-CXR-JPG's tables, ${mimic.rows} images: ${mimic.seconds.toFixed(2)} s, ${mimic.peakMiB.toFixed(0)} MiB`,
  ].join('\n');
}
