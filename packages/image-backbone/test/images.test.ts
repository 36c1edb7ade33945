import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { RandomStream } from '@cxr-align/random';
import { describeBackends, expectClose } from '@cxr-align/testkit';
import * as tf from '@tensorflow/tfjs-core';
import { augmentImage, encodePng, imageBatch, loadImages, pixelStatistics } from '../src/index.js';

const still = { rotation: 0, translation: 0, scale: 0, brightness: 0, contrast: 0, flip: 0 };
const strong = { rotation: 20, translation: 0.2, scale: 0.2, brightness: 0.1, contrast: 0.2, flip: 0.5 };
const pixels = Uint8Array.from({ length: 36 }, (_, i) => 7 * i);
const changed = (augmentation: typeof still, step = 0): Float32Array => {
  const out = new Float32Array(36);
  augmentImage(pixels, 6, augmentation, new RandomStream({ seed: 1, purpose: 'test', step }), out, 0);
  return out;
};

describe('augmentImage(pixels, size, augmentation, random, out, start)', () => {
  it('changes nothing where nothing may change', () => {
    expectClose(
      changed(still),
      [...pixels].map((value) => value / 255),
      1e-6,
    );
  });
  it('mirrors left and right', () => {
    const mirrored = changed({ ...still, flip: 1 });
    expectClose(
      mirrored.subarray(0, 6),
      [...pixels.subarray(0, 6)].reverse().map((value) => value / 255),
      1e-6,
    );
  });
  it('stays near the range of the image, and differs from draw to draw', () => {
    const [first, second] = [changed(strong, 1), changed(strong, 2)];
    expect(first).not.toEqual(second);
    expect(changed(strong, 1)).toEqual(first);
    for (const value of first) {
      expect(value).toBeGreaterThanOrEqual(-0.1);
      expect(value).toBeLessThanOrEqual(1.2 + 0.1);
    }
  });
});

/** Loads the images that it is told, with threads, and says what came of it and how many threads there were. */
const inThreads = `
import { readFileSync } from 'node:fs';
import { loadImages } from '@cxr-align/image-backbone/images';
let [workers, done] = [0, 0];
process.on('worker', () => workers++);
const { files, options } = JSON.parse(readFileSync(0, 'utf8'));
const set = await loadImages(files, options, { threadsSave: 0, onImage: (count) => (done = count) });
console.log(JSON.stringify({ workers, done, pixels: [...set.pixels], indices: [...set.indices], unreadable: set.unreadable }));
`;

describe('loadImages(sources, preprocessing)', () => {
  it('lists what it cannot read and keeps the rest in order', async () => {
    const grey = (value: number) => ({ data: new Uint8Array(16).fill(value), width: 4, height: 4 });
    const set = await loadImages([grey(1), '/nowhere.png', grey(3)], { size: 4, fit: 'stretch' });
    expect([...set.indices]).toEqual([0, -1, 1]);
    expect(set.unreadable).toHaveLength(1);
    expect(set.unreadable[0].at).toBe(1);
    expect([set.pixels[0], set.pixels[16]]).toEqual([1, 3]);
  });
  it('refuses more than fits into memory, before any is read, with the size that is needed', async () => {
    const files = Array.from({ length: 20_000 }, (_, i) => `/nowhere/${i}.png`);
    let done = 0;
    const load = (size: number, availableBytes: number) =>
      loadImages(
        files.slice(0, size === 4 ? 3 : undefined),
        { size, fit: 'stretch' },
        { availableBytes, onImage: (n) => (done = n) },
      );
    await expect(load(224, 2 ** 30)).rejects.toThrow(
      /^expected 20000 images of 224 × 224 pixels, 0\.93 GiB, to fit into 0\.63 GiB \(1\.00 GiB of memory are free.*use a size of 183 or less/,
    );
    await expect(load(800, 2 ** 40)).rejects.toThrow('at most 8.00 GiB');
    expect(done).toBe(0);
    expect((await load(4, 0)).unreadable).toHaveLength(3);
  });
  it('gives the same in threads', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'cxr-align-images-'));
    const random = new RandomStream({ seed: 1, purpose: 'images' });
    const [width, height] = [600, 600];
    const [large, broken] = ['large.png', 'broken.png'].map((name) => join(folder, name));
    const noise = Uint8Array.from({ length: width * height }, () => random.integer(256));
    writeFileSync(large, await encodePng(noise, { width, height }));
    writeFileSync(broken, '');
    // Enough of them for threads to start while they are decoded.
    const files = Array.from({ length: 150 }, (_, i) => (i === 140 ? broken : large));
    const options = { size: 4, fit: 'stretch', kernel: 'linear' } as const;
    // The build, for sources have no script that a thread could run.
    const built = spawnSync(process.execPath, ['--input-type=module', '-e', inThreads], {
      cwd: fileURLToPath(new URL('.', import.meta.url)),
      input: JSON.stringify({ files, options }),
      encoding: 'utf8',
    });
    expect(built.stderr).toBe('');
    const { workers, pixels, indices, unreadable, done } = JSON.parse(built.stdout) as Record<string, unknown>;
    const here = await loadImages(files, options, { threadsSave: Infinity });
    expect(Number(workers) > 0).toBe(availableParallelism() > 1);
    expect(done).toBe(150);
    expect({ pixels, indices, unreadable }).toEqual({
      pixels: [...here.pixels],
      indices: [...here.indices],
      unreadable: [{ at: 140, reason: expect.stringContaining('broken.png: expected an image, got an empty file') }],
    });
    rmSync(folder, { recursive: true });
  });
});

describe('pixelStatistics(pixels)', () => {
  it('is the mean and standard deviation in [0, 1], and 1 for that of a constant image', () => {
    expect(pixelStatistics(Uint8Array.of(0, 255)).mean).toBeCloseTo(0.5, 12);
    expect(pixelStatistics(Uint8Array.of(0, 255)).std).toBeCloseTo(0.5, 12);
    expect(pixelStatistics(new Uint8Array(9)).std).toBe(1);
  });
});

describeBackends('imageBatch(images, indices, scale)', () => {
  it('scales grey values and picks images', () => {
    const set = { size: 1, pixels: Uint8Array.of(0, 51, 255) };
    tf.tidy(() => expectClose(imageBatch(set, [2, 1], { mean: 0.2, std: 0.5 }), [1.6, 0]));
  });
  it('gives an image the same change in every batch of an epoch', () => {
    tf.tidy(() => {
      const set = { size: 6, pixels: Uint8Array.from([...pixels, ...pixels]) };
      const change = { augmentation: strong, seed: 1, epoch: 2 };
      const scale = { mean: 0, std: 1 };
      const alone = imageBatch(set, [1], scale, change).dataSync();
      const together = imageBatch(set, [0, 1], scale, change).dataSync();
      expectClose(together.subarray(36), alone);
      expect(imageBatch(set, [1], scale, { ...change, epoch: 3 }).dataSync()).not.toEqual(alone);
    });
  });
});
