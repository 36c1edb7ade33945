import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEngine } from '@cxr-align/engine';
import { observeDisk, type DiskChange } from '@cxr-align/files';
import { madeUpData, quick } from '@cxr-align/testkit';
import { resolveConfig } from '../src/config/config.js';
import { openDataset, type OpenedDataset } from '../src/inputs/prepare-data.js';
import { train } from '../src/train/train.js';

// The short form of `npm run chaos`, which stops real processes, loses power, and knows more commands.
const place = mkdtempSync(join(tmpdir(), 'crash-'));
const out = join(place, 'run');
const states = join(place, 'states');
const config = resolveConfig({ ...quick, model: 'linear', bootstrap: 0, epochs: 2 });
let data: OpenedDataset;

function contentOf(): Record<string, string> {
  const files = (readdirSync(out, { recursive: true }) as string[]).filter((file) =>
    statSync(join(out, file)).isFile(),
  );
  return Object.fromEntries(files.sort().map((file) => [file, readFileSync(join(out, file), 'base64')]));
}

/** Trains, and copies the folder before each change that is made in it; a write is copied half done, too. */
async function recorded(): Promise<{ whole: Record<string, string>; stops: string[] }> {
  const stops: string[] = [];
  const copy = (name: string): string => {
    cpSync(out, join(states, name), { recursive: true });
    stops.push(name);
    return join(states, name);
  };
  const before = ({ kind, path, bytes }: DiskChange): void => {
    if (!path.startsWith(out) || !existsSync(out) || kind === 'sync' || kind === 'sync folder') return;
    copy(`${stops.length} ${kind}`);
    if (kind !== 'write') return;
    const torn = copy(`${stops.length} half a write`);
    writeFileSync(join(torn, path.slice(out.length)), bytes!.subarray(0, bytes!.length >> 1));
  };
  const stop = observeDisk({ before });
  try {
    await train({ data, config, out });
  } finally {
    stop();
  }
  return { whole: contentOf(), stops };
}

beforeAll(async () => {
  await startEngine('wasm');
  data = await openDataset(await madeUpData(36));
  mkdirSync(states);
});
afterAll(() => rmSync(place, { recursive: true }));

describe('a training that is killed at a change on disk', () => {
  it('gives the bytes of an undisturbed one when it is resumed', async () => {
    const { whole, stops } = await recorded();
    expect(stops.length).toBeGreaterThan(60);
    // Every eighth; `npm run chaos` takes all.
    for (const name of stops.filter((_, i) => i % 8 === 0)) {
      rmSync(out, { recursive: true });
      cpSync(join(states, name), out, { recursive: true });
      // The process that wrote is this one, which lives: its lock and what it wrote aside are taken away as if it were dead.
      for (const file of readdirSync(out, { recursive: true }) as string[])
        if (/(^|\/)\.cxr-/.test(file)) rmSync(join(out, file), { force: true });
      const isBegun = existsSync(join(out, 'config.json')) || existsSync(join(out, 'checkpoints'));
      await train({ data, config, out, ...(isBegun ? { resume: true } : { overwrite: true }) });
      expect({ name, content: contentOf() }).toEqual({ name, content: whole });
    }
  });
});
