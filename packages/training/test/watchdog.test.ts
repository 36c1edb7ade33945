import { setTimeout } from 'node:timers/promises';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ImageInputs } from '@cxr-align/classifier';
import { startEngine } from '@cxr-align/engine';
import { madeUpData, quick } from '@cxr-align/testkit';
import { resolveConfig } from '../src/config/config.js';
import { openDataset } from '../src/inputs/prepare-data.js';
import type { Progress, StallEvent } from '../src/progress.js';
import { train } from '../src/train/train.js';
import { stallText, watched, watchedImages } from '../src/watchdog.js';

/** A progress that keeps what it hears. */
function listening(stallSeconds: number): { progress: Progress; stalls: StallEvent[]; remarks: string[] } {
  const stalls: StallEvent[] = [];
  const remarks: string[] = [];
  const progress: Progress = {
    stallSeconds,
    start: () => ({ update: () => {}, stop: () => {} }),
    remark: (line) => remarks.push(line),
    stall: (event) => stalls.push(event),
  };
  return { progress, stalls, remarks };
}

describe('watched(work, watch)', () => {
  it('reports a stall when the wait is long, and each time that it has doubled; then what the work gives', async () => {
    const { progress, stalls, remarks } = listening(0.1);
    const watch = { what: 'decoded images', waitingFor: () => ['a.png', 'b.png'], progress };
    expect(await watched(Promise.resolve(1), watch)).toBe(1);
    expect(stalls).toEqual([]);
    expect(await watched(setTimeout(600, 'late'), watch)).toBe('late');
    expect(stalls.length).toBeGreaterThanOrEqual(1);
    expect(stalls.length).toBeLessThanOrEqual(3);
    expect(stalls[0]).toMatchObject({ what: 'decoded images', waitingFor: ['a.png', 'b.png'] });
    // A slow machine may fire the first late.
    for (const [i, { seconds }] of stalls.slice(1).entries()) expect(seconds).toBeGreaterThan(1.5 * stalls[i].seconds);
    expect(remarks[0]).toMatch(/^no progress for 0\.\d s: waiting for decoded images: a\.png, b\.png; is the disk/);
    await expect(watched(Promise.reject(new Error('broken')), watch)).rejects.toThrow('broken');
    const many = { what: 'x', seconds: 60, waitingFor: Array.from({ length: 20 }, (_, i) => `${i}.png`) };
    expect(stallText(many)).toContain('7.png and 12 more');
  });
  it('reports many pieces of work where none is done for long', async () => {
    const patient = listening(5);
    const { progress, stalls } = listening(0.3);
    const watch = { what: 'images', waitingFor: () => ['slow.png'], progress };
    const steady = async (onImage: () => void): Promise<string> => {
      for (let i = 0; i < 6; i++) {
        await setTimeout(80);
        onImage();
      }
      return 'done';
    };
    expect(await watchedImages(steady, { ...watch, progress: patient.progress })).toBe('done');
    expect(patient.stalls).toEqual([]);
    await watchedImages(async () => setTimeout(700), watch);
    expect(stalls.length).toBeGreaterThan(0);
    await expect(watchedImages(() => Promise.reject(new Error('broken')), watch)).rejects.toThrow('broken');
  });
  it('names the images of a training batch that does not come', async () => {
    await startEngine('wasm');
    const data = await openDataset(await madeUpData(36));
    const out = join(mkdtempSync(join(tmpdir(), 'stalled-')), 'run');
    const real = ImageInputs.prototype.trainingBatch;
    const stalls: StallEvent[] = [];
    let calls = 0;
    ImageInputs.prototype.trainingBatch = async function (...args) {
      if (++calls === 2) await setTimeout(1500);
      return real.apply(this, args);
    };
    try {
      const config = resolveConfig({ ...quick, model: 'vision-only', bootstrap: 0, epochs: 1, batchSize: 8 });
      await train({ data, config, out, stallSeconds: 1, on: { stall: (event) => stalls.push(event) } });
    } finally {
      ImageInputs.prototype.trainingBatch = real;
    }
    expect(stalls.length).toBeGreaterThanOrEqual(1);
    expect(stalls[0].what).toBe('a training batch');
    expect(stalls[0].waitingFor).toHaveLength(8);
    expect(stalls[0].waitingFor[0]).toMatch(/^\d+\.png$/);
  });
});
