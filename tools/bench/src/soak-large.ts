import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { RandomStream } from '@cxr-align/random';
import sharp from 'sharp';
import { watchProgram } from './watched-command.js';

/** What went through, and whether its memory stayed within what is promised. */
export interface LargeResult {
  part: string;
  what: string;
  seconds: number;
  peakMiB: number | null;
  promisedMiB: number;
  isSound: boolean;
}

/** How much of it. */
export interface LargeSizes {
  trainings: number;
  rows: number;
  labels: number;
  images: number;
}

type Part = (folder: string, sizes: LargeSizes) => Promise<LargeResult>;

/** The parts by their names. */
export const largeParts: Record<keyof LargeSizes, Part> = {
  trainings: manyTrainings,
  rows: manyRows,
  labels: manyLabels,
  images: manyImages,
};

/** Runs some parts, each with files of its own. */
export async function soakLarge(parts: readonly (keyof LargeSizes)[], sizes: LargeSizes): Promise<LargeResult[]> {
  const results: LargeResult[] = [];
  for (const part of parts) {
    const folder = mkdtempSync(join(tmpdir(), `cxr-align-soak-${part}-`));
    process.stderr.write(`${part}: ${sizes[part]} …\n`);
    try {
      results.push(await largeParts[part](folder, sizes));
    } finally {
      rmSync(folder, { recursive: true });
    }
  }
  return results;
}

/** The result of a part in a line. */
export function largeText({ part, what, seconds, peakMiB, promisedMiB, isSound }: LargeResult): string {
  return `${part}: ${what}; ${seconds.toFixed(0)} s, at most ${peakMiB ?? '?'} MiB of ${promisedMiB} promised: ${isSound ? 'sound' : 'TOO MUCH'}`;
}

function result(
  part: keyof LargeSizes,
  what: string,
  { seconds, peakMiB }: { seconds: number; peakMiB: number | null },
  promisedMiB: number,
): LargeResult {
  return { part, what, seconds, peakMiB, promisedMiB, isSound: peakMiB === null || peakMiB <= promisedMiB };
}

/** Trains again and again in one process: what is left after each, beyond the tenth, must not grow. */
async function manyTrainings(folder: string, { trainings: count }: LargeSizes): Promise<LargeResult> {
  const data = join(folder, 'data');
  await watchProgram(['phantom', '--out', data, '--images', '60', '--size', '64']);
  const program = fileURLToPath(
    new URL('../../../packages/training/test/programs/memory-of-trainings.mjs', import.meta.url),
  );
  const flags = ['--expose-gc', '--no-opt', '--no-sparkplug', '--no-maglev', '--no-flush-bytecode'];
  const ended = await watchProgram([...flags, program, data, join(folder, 'run'), String(count), '0'], {
    isCommand: false,
  });
  const left = ended.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { kiB: number; numTensors: number });
  const warm = Math.min(10, left.length - 1);
  const growth = (left[left.length - 1].kiB - left[warm].kiB) / Math.max(1, left.length - 1 - warm);
  const tensors = left.filter(({ numTensors }) => numTensors !== 0).length;
  const one = result('trainings', `${count} in one process leave ${growth.toFixed(1)} KiB each, no tensor`, ended, 512);
  return { ...one, isSound: one.isSound && growth < 32 && tensors === 0 };
}

/** Reads and describes a table of many rows: what is kept of a row is a few hundred bytes. */
async function manyRows(folder: string, { rows }: LargeSizes): Promise<LargeResult> {
  mkdirSync(join(folder, 'images'));
  writeTable(join(folder, 'labels.csv'), { rows, labels: 14, imageOf: (i) => `p${i >> 1}/view${i & 1}.png` });
  const ended = await watchProgram(['data', 'describe', '--data', folder, '--json']);
  return result('rows', `${rows} rows of 14 labels are read and described`, ended, 256 + (1600 * rows) / 1e6);
}

/** Trains, evaluates, reports and predicts many labels. */
async function manyLabels(folder: string, { labels }: LargeSizes): Promise<LargeResult> {
  const images = 120;
  await writeImages(folder, images);
  writeTable(join(folder, 'labels.csv'), { rows: images, labels, imageOf: (i) => `${i}.png` });
  const run = join(folder, 'run');
  const small = ['epochs=1', 'bootstrap=20', 'image.size=16', 'encoder.channels=[6,8]', 'encoder.dim=16'];
  const model = ['decoder.dim=16', 'decoder.layers=1', 'decoder.heads=2'];
  const set = [...small, ...model].flatMap((one) => ['--set', one]);
  const trained = await watchProgram(['train', '--data', folder, '--out', run, '--engine', 'wasm', ...set]);
  const evaluated = await watchProgram(['evaluate', '--run', run, '--data', folder, '--engine', 'wasm']);
  await watchProgram(['predict', '--run', run, '--engine', 'wasm', join(folder, 'images', '0.png')]);
  const seconds = trained.seconds + evaluated.seconds;
  const peakMiB = trained.peakMiB && Math.max(trained.peakMiB, evaluated.peakMiB ?? 0);
  return result('labels', `${labels} labels train, evaluate, report and predict`, { seconds, peakMiB }, 2048);
}

/** Looks for the same image among many that are all the same. */
async function manyImages(folder: string, { images }: LargeSizes): Promise<LargeResult> {
  await writeImages(folder, images, true);
  writeTable(join(folder, 'labels.csv'), { rows: images, labels: 2, imageOf: (i) => `${i}.png` });
  const ended = await watchProgram(['data', 'describe', '--data', folder, '--check-images', '--json']);
  return result('images', `${images} images of the same pixels are checked`, ended, 768);
}

function writeTable(
  file: string,
  { rows, labels, imageOf }: { rows: number; labels: number; imageOf: (row: number) => string },
): void {
  const random = new RandomStream({ seed: 1, purpose: 'table' });
  const out = openSync(file, 'w');
  const names = Array.from({ length: labels }, (_, i) => `Finding ${i}`);
  let lines = [['image', 'patientId', 'sex', 'age', 'split', ...names].join(',')];
  const flush = (): void => {
    writeSync(out, `${lines.join('\n')}\n`);
    lines = [];
  };
  for (let i = 0; i < rows; i++) {
    const patient = i >> 1;
    const split = patient % 6 === 4 ? 'val' : patient % 6 === 5 ? 'test' : 'train';
    const cells = names.map(() => (random.chance(0.2) ? 1 : random.chance(0.1) ? '' : 0));
    lines.push([imageOf(i), `p${patient}`, patient & 1 ? 'F' : 'M', 20 + (patient % 60), split, ...cells].join(','));
    if (lines.length >= 1000) flush();
  }
  flush();
  closeSync(out);
}

/** @param isSame the same pixels in all of them, in files of other bytes. */
async function writeImages(folder: string, count: number, isSame = false): Promise<void> {
  const side = 32;
  mkdirSync(join(folder, 'images'));
  const random = new RandomStream({ seed: 2, purpose: 'images' });
  const encode = (): Promise<Buffer> => {
    const pixels = Uint8Array.from({ length: side * side }, () => Math.floor(256 * random.uniform()));
    return sharp(pixels, { raw: { width: side, height: side, channels: 1 } })
      .png()
      .toBuffer();
  };
  const first = await encode();
  for (let i = 0; i < count; i++)
    // What stands behind the end of a PNG file changes no pixel.
    writeFileSync(
      join(folder, 'images', `${i}.png`),
      isSame ? Buffer.concat([first, Buffer.from(String(i))]) : await encode(),
    );
}
