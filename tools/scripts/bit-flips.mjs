// `npm run bit-flips [-- --flips 9000 --seed 0 --json]`: changes one bit at a time in every file that is read of a run, an evaluation, a
// model, a checkpoint and a feature store, and reads what it belongs to. Each must be refused by an input error that names a file and
// what to do. Exit code 1 if one is not.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { drawPhantoms } from '@cxr-align/curation';
import { FeatureStore, FeatureStoreWriter } from '@cxr-align/datasets';
import { startEngine } from '@cxr-align/engine';
import { readSealedSafetensors } from '@cxr-align/files';
import { RandomStream } from '@cxr-align/random';
import {
  evaluateRun,
  openDataset,
  readEvaluatedRun,
  readEvaluationFile,
  readHistory,
  readPredictions,
  resolveConfig,
  train,
} from '@cxr-align/training';

/** What is changed, and how it is read. */
async function subjects(place) {
  await startEngine('wasm');
  const data = join(place, 'data');
  await drawPhantoms({ out: data, images: 48, size: 32, seed: 1 });
  const opened = await openDataset(data);
  const run = join(place, 'run');
  const config = resolveConfig({
    epochs: 2,
    image: { size: 32 },
    calibration: 'platt',
    logGradientCosines: 2,
    bootstrap: 20,
  });
  await train({ data: opened, config, out: run });
  const evaluation = join(place, 'evaluation');
  await evaluateRun({ run, data: opened, out: evaluation });
  const store = join(place, 'store');
  writeStore(store);
  const filesIn = (folder, fits = () => true) =>
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .filter((file) => fits(relative(folder, file)));
  return [
    {
      name: 'run',
      files: filesIn(run, (file) => !file.startsWith('checkpoints')),
      read: async () => [await readEvaluatedRun(run), readHistory(run)],
    },
    {
      name: 'evaluation',
      files: filesIn(evaluation, (file) => file !== 'evaluation-details.json'),
      read: async () => [await readPredictions(evaluation), readEvaluationFile(evaluation)],
    },
    {
      name: 'checkpoints',
      files: filesIn(join(run, 'checkpoints')),
      read: () => filesIn(join(run, 'checkpoints')).map((file) => readSealedSafetensors(file)),
    },
    { name: 'feature store', files: filesIn(store), read: () => readStore(store) },
  ];
}

function writeStore(folder) {
  const random = new RandomStream({ seed: 1, purpose: 'features' });
  const writer = new FeatureStoreWriter(
    folder,
    { encoder: 'made-up', weightsHash: 'a', preprocessing: {} },
    { dim: 24, views: 2 },
  );
  for (let shard = 0; shard < 3; shard++)
    writer.append(
      Array.from({ length: 8 }, (_, i) => ({ id: `${shard}/${i}.png`, content: `${i}` })),
      Float32Array.from({ length: 8 * 2 * 24 }, () => random.normal()),
    );
}

function readStore(folder) {
  const store = new FeatureStore(folder);
  try {
    return store.read(Array.from({ length: store.rows }, (_, row) => row));
  } finally {
    store.close();
  }
}

/** Changes one bit of a file and reads. @returns why that is no refusal as it should be; undefined if it is one. */
async function accepted(file, bit, read) {
  const bytes = readFileSync(file);
  bytes[bit >> 3] ^= 1 << (bit & 7);
  writeFileSync(file, bytes);
  try {
    await read();
    return 'it was read';
  } catch (error) {
    const says =
      /^[^:]+: expected .*, got .*; /s.test(error.message) || /the file is cut or damaged$/.test(error.message);
    return error.name === 'InputError' && says ? undefined : `${error.name}: ${error.message}`;
  } finally {
    bytes[bit >> 3] ^= 1 << (bit & 7);
    writeFileSync(file, bytes);
  }
}

/**
 * @param flips in all, shared out evenly over the kinds and their files.
 * @returns how many were made of each kind, and those that were not refused.
 */
export async function bitFlips({ flips = 9000, seed = 0, onFlip = () => {} } = {}) {
  const place = mkdtempSync(join(tmpdir(), 'bit-flips-'));
  try {
    const random = new RandomStream({ seed, purpose: 'bit-flips' });
    const kinds = await subjects(place);
    const counts = {};
    const missed = [];
    for (const { name, files, read } of kinds) {
      await read();
      counts[name] = Math.ceil(flips / kinds.length);
      for (let i = 0; i < counts[name]; i++) {
        const file = files[i % files.length];
        const bit = Math.floor(random.uniform() * 8 * readFileSync(file).length);
        const reason = await accepted(file, bit, read);
        if (reason) missed.push({ file: relative(place, file), bit, reason });
        onFlip();
      }
    }
    return { counts, missed };
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { values } = parseArgs({
    options: {
      flips: { type: 'string', default: '9000' },
      seed: { type: 'string', default: '0' },
      json: { type: 'boolean', default: false },
    },
  });
  const result = await bitFlips({ flips: Number(values.flips), seed: Number(values.seed) });
  const kinds = Object.entries(result.counts).map(([name, count]) => `${count} in the ${name}`);
  process.stdout.write(
    values.json
      ? `${JSON.stringify(result, null, 2)}\n`
      : `${kinds.join(', ')}: ${result.missed.length} not refused\n${result.missed.map((one) => `${JSON.stringify(one)}\n`).join('')}`,
  );
  process.exit(result.missed.length > 0 ? 1 : 0);
}
