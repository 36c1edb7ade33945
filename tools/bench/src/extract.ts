import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { hasModules, median, pythonScript, runJson, runProgram } from './run-program.js';

/** Throughput of `cxr-align extract` beside onnxruntime in Python. */
export interface ExtractTiming {
  encoder: string;
  images: number;
  size: number;
  /** Medians over the rounds, with decoding and resizing, without the start of the process. */
  imagesPerSecond: number;
  /** What the peer reaches on the same files; undefined without it. */
  python?: { imagesPerSecond: number; versions: string };
  /** Ours by the peer's. */
  ratio?: number;
}

export interface ExtractRequest {
  encoders: readonly string[];
  images: number;
  rounds: number;
  /** A Python with onnxruntime, numpy and Pillow. */
  python: string;
}

const command = fileURLToPath(new URL('../../../apps/trainer/bin/cxr-align.js', import.meta.url));
/** Width and height of the images, in pixels. */
const size = 512;

/** Extracts the features of phantoms by each encoder, in turns with the peer. */
export function benchExtract({ encoders, images, rounds, python }: ExtractRequest): ExtractTiming[] {
  if (encoders.length === 0) return [];
  const scratch = mkdtempSync(join(tmpdir(), 'cxr-align-bench-'));
  try {
    const data = join(scratch, 'data');
    const own = (...args: string[]): string => runProgram(process.execPath, [command, ...args]);
    own('phantom', '--out', data, '--images', String(images), '--size', String(size));
    const hasPeer = hasModules(python, ['onnxruntime', 'numpy', 'PIL']);
    return encoders.map((encoder) => {
      const ours: number[] = [];
      const theirs: { images_per_s: number; versions: string }[] = [];
      for (let round = 0; round < rounds; round++) {
        process.stderr.write(`${basename(encoder)}, round ${round + 1} of ${rounds} …\n`);
        const out = join(scratch, `store-${basename(encoder)}-${round}`);
        const printed = own('extract', '--data', data, '--encoder', encoder, '--out', out, '--json');
        ours.push((JSON.parse(printed.trim().split('\n').slice(-1)[0]) as { imagesPerSecond: number }).imagesPerSecond);
        if (hasPeer) theirs.push(runJson(python, [pythonScript('onnxruntime_extract.py'), encoder, data]));
      }
      const imagesPerSecond = median(ours);
      const result = { encoder: basename(encoder), images, size, imagesPerSecond };
      if (theirs.length === 0) return result;
      const peer = { imagesPerSecond: median(theirs.map((one) => one.images_per_s)), versions: theirs[0].versions };
      return { ...result, python: peer, ratio: imagesPerSecond / peer.imagesPerSecond };
    });
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

/** The results in words. */
export function extractText(results: readonly ExtractTiming[]): string {
  if (results.length === 0) return 'no encoder was given: --encoder DIR';
  return results
    .map(
      ({ encoder, images, size: width, imagesPerSecond, python, ratio }) =>
        `${encoder}: ${imagesPerSecond.toFixed(1)} images/s of ${images} PNG files of ${width}²${python ? `; ${python.versions} in Python ${python.imagesPerSecond.toFixed(1)}: ratio ${ratio!.toFixed(2)}` : ''}`,
    )
    .join('\n');
}
