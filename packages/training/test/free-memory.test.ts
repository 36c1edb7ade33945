import { existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import { type Engine, startEngine } from '@cxr-align/engine';
import { InputError } from '@cxr-align/files';
import { madeUpData, quick } from '@cxr-align/testkit';
import { checkConfig } from '../src/config/config.js';
import { silentProgress } from '../src/progress.js';
import { cachedFileBytes, refuseLittleMemory } from '../src/train/free-memory.js';
import { trainRun } from './run-helpers.js';

const mib = 2 ** 20;

describe('refuseLittleMemory(needs, availableBytes)', () => {
  it('names what is needed and what is there', () => {
    const refused = (needs: Parameters<typeof refuseLittleMemory>[0]) => () => refuseLittleMemory(needs, 300 * mib);
    expect(refused({ parameters: 5_000_000 })).toThrow(InputError);
    expect(refused({ parameters: 5_000_000 })).toThrow(
      'expected at least 352 MiB of free memory to train 5000000 parameters, got 300 MiB; use a smaller model',
    );
    expect(refused({ parameters: 1000, stepBytes: 1914 * mib })).toThrow(
      'expected at least 2171 MiB of free memory to train 1000 parameters, 1914 MiB of them for a step, got 300 MiB; lower batchSize, and raise accumulation as much, end other',
    );
  });
  it('lets a training begin that fits, as on this machine', () => {
    expect(() => refuseLittleMemory({ parameters: 5_000_000 }, 400 * mib)).not.toThrow();
    expect(() => refuseLittleMemory({ parameters: 1000 })).not.toThrow();
  });
});

describe('cachedFileBytes(read)', () => {
  const of = (files: Record<string, string>) =>
    cachedFileBytes((path) => {
      if (!Object.hasOwn(files, path)) throw new Error(`ENOENT ${path}`);
      return files[path];
    });
  const stat = 'anon 5\nfile 900\ninactive_file 700\nactive_file 200\n';
  it('are those that the group of the process, or of its container, can drop', () => {
    expect(of({ '/proc/self/cgroup': '0::/a/b\n', '/sys/fs/cgroup/a/b/memory.stat': stat })).toBe(700);
    expect(of({ '/proc/self/cgroup': '0::/docker/x\n', '/sys/fs/cgroup/memory.stat': stat })).toBe(700);
  });
  it('are none where that is not known', () => {
    expect(of({})).toBe(0);
    expect(of({ '/proc/self/cgroup': '0::/\n', '/sys/fs/cgroup/memory.stat': 'anon 5\n' })).toBe(0);
  });
});

describe('a training with a large batch', () => {
  let engine: Engine;
  let path: string;
  const place = mkdtempSync(join(tmpdir(), 'memory-'));
  // Both have all images of an epoch in one step; the memory of a step is measured for the second alone.
  const train = (batchSize: number): Promise<unknown> =>
    trainRun(
      { path, out: join(place, String(batchSize)), config: checkConfig({ ...quick, batchSize }, 'test') },
      engine,
      silentProgress,
    );
  beforeAll(async () => {
    engine = await startEngine('wasm');
    path = await madeUpData();
  });
  afterEach(() => jest.restoreAllMocks());

  it('is refused before anything is written where a step does not fit', async () => {
    jest.spyOn(process, 'availableMemory').mockReturnValue(257 * mib);
    jest.spyOn(process, 'constrainedMemory').mockReturnValue(0);
    await expect(train(1024)).rejects.toThrow(/expected at least \d+ MiB .*, \d+ MiB of them for a step, got 257 MiB/);
    expect(existsSync(join(place, '1024', 'config.json'))).toBe(false);
  });
  it('learns the same as if its step had not been measured', async () => {
    await train(64);
    await train(1024);
    const [a, b] = ['64', '1024'].map((name) => readFileSync(join(place, name, 'history.jsonl'), 'utf8'));
    expect(b).toBe(a);
  });
});
