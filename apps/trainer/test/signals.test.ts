import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { madeUpData } from '@cxr-align/testkit';

const bin = fileURLToPath(new URL('../bin/cxr-align.js', import.meta.url));
const place = mkdtempSync(join(tmpdir(), 'signals-'));
// As on a machine where nothing is set up: a resumed run captures its steps once more, which config.json counts.
const env = { ...process.env, CXR_ALIGN_CACHE: join(place, 'cache') };
let data: string;

interface Started {
  child: ChildProcess;
  /** What it printed on stderr so far. */
  said: () => string;
  ended: Promise<{ code: number | null; signal: NodeJS.Signals | null; err: string }>;
}

/** Starts the built command. */
function start(...args: string[]): Started {
  const child = spawn(process.execPath, [bin, ...args], { cwd: place, env, stdio: ['ignore', 'ignore', 'pipe'] });
  let err = '';
  child.stderr!.on('data', (part: Buffer) => (err += part.toString()));
  const ended = new Promise<Awaited<Started['ended']>>((resolve) =>
    child.once('close', (code, signal) => resolve({ code, signal, err })),
  );
  return { child, ended, said: () => err };
}

async function until(isSo: () => boolean): Promise<void> {
  for (let waited = 0; !isSo(); waited += 10) {
    if (waited > 30_000) throw new Error('waited in vain');
    await setTimeout(10);
  }
}

const trainTo = (out: string): string[] => [
  ...['train', '--data', data, '--out', out, '--model', 'linear', '--epochs', '20'],
  ...['batchSize=16', 'bootstrap=0', 'image.size=16'].flatMap((one) => ['--set', one]),
];

/** The bytes of all files. */
function contentOf(folder: string): Record<string, string> {
  const files = (readdirSync(join(place, folder), { recursive: true }) as string[]).sort();
  return Object.fromEntries(
    files
      .map((file) => [file, join(place, folder, file)])
      .filter(([, path]) => statSync(path).isFile())
      .map(([file, path]) => [file, readFileSync(path, 'base64')]),
  );
}

beforeAll(async () => {
  data = await madeUpData(48);
  expect(spawnSync(process.execPath, [bin, ...trainTo('straight')], { cwd: place, env }).status).toBe(0);
});
afterAll(() => rmSync(place, { recursive: true }));

describe('cxr-align train', () => {
  it('writes a checkpoint on SIGUSR1, and on SIGINT, says how to resume, and gives the same bytes then', async () => {
    const out = 'a run';
    const { child, ended, said } = start(...trainTo(out));
    await until(() => existsSync(join(place, out, 'checkpoints', 'epoch-0001.safetensors')));
    child.kill('SIGUSR1');
    await until(() => /checkpoint after step \d+ of 40/.test(said()));
    const began = Date.now();
    child.kill('SIGINT');
    const { code, err } = await ended;
    expect(Date.now() - began).toBeLessThan(10_000);
    expect({ code, err }).toEqual({ code: 130, err: expect.stringContaining('stopped by SIGINT') });
    const [, again] = /resume it: cxr-align (.*)$/m.exec(err)!;
    expect(again).toContain("--out 'a run'");
    const resumed = spawnSync('sh', ['-c', `'${process.execPath}' '${bin}' ${again}`], {
      cwd: place,
      env,
      encoding: 'utf8',
    });
    expect({ code: resumed.status, err: resumed.stderr }).toEqual({
      code: 0,
      err: expect.stringMatching(/resumed after epoch \d+ of 20, step \d+ of 40/),
    });
    expect(contentOf(out)).toEqual(contentOf('straight'));
  });
  it.each([
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const)('ends on %s with %i, once a checkpoint is written', async (signal, exitCode) => {
    const { child, ended } = start(...trainTo(signal));
    await until(() => existsSync(join(place, signal, 'checkpoints', 'epoch-0001.safetensors')));
    child.kill(signal);
    const { code, err } = await ended;
    expect({ code, err }).toEqual({ code: exitCode, err: expect.stringMatching(/checkpoint after step \d+ of 40/) });
  });
  it('starts over where it is stopped before the first step, and says so', async () => {
    const { child, ended } = start(...trainTo('early'), '--engine', 'cpu');
    await setTimeout(50);
    child.kill('SIGTERM');
    const { code, signal, err } = await ended;
    // Before the command listens, the system ends it.
    if (signal === null) expect({ code, err }).toEqual({ code: 143, err: expect.stringContaining('start it again') });
    expect(existsSync(join(place, 'early', 'checkpoints'))).toBe(false);
  });
});

describe('a script of two signals', () => {
  it('ends at once at the second, though the work goes on', async () => {
    const script = join(place, 'busy.mjs');
    const module = new URL('../../../packages/training/dist/index.js', import.meta.url).href;
    writeFileSync(
      script,
      `import { stopOnSignals } from ${JSON.stringify(module)};
       const { signal } = stopOnSignals();
       setInterval(() => {}, 1000);
       signal.addEventListener('abort', () => {
         console.error('aborted');
         setTimeout(() => { for (;;); }, 400);
       });
       console.error('ready');`,
    );
    const child = spawn(process.execPath, [script], { stdio: ['ignore', 'ignore', 'pipe'] });
    let err = '';
    child.stderr.on('data', (part: Buffer) => (err += part.toString()));
    await until(() => err.includes('ready'));
    child.kill('SIGINT');
    await until(() => err.includes('aborted'));
    await setTimeout(600);
    // It computes without end now: no listener could be called.
    child.kill('SIGINT');
    const signal = await new Promise((resolve) => child.once('close', (_, name) => resolve(name)));
    expect(signal).toBe('SIGINT');
  });
});

describe('cxr-align phantom', () => {
  it('ends on a signal without tables, and draws the set when it is started again', async () => {
    const args = ['phantom', '--out', 'phantoms', '--images', '24', '--size', '128'];
    const { child, ended } = start(...args);
    await until(() => existsSync(join(place, 'phantoms')));
    child.kill('SIGTERM');
    const { code, err } = await ended;
    expect({ code, err }).toEqual({
      code: 143,
      err: expect.stringContaining('start it again to go on: cxr-align phantom'),
    });
    expect(existsSync(join(place, 'phantoms', 'train.csv'))).toBe(false);
    expect(spawnSync(process.execPath, [bin, ...args], { cwd: place, env }).status).toBe(0);
    expect(existsSync(join(place, 'phantoms', 'train.csv'))).toBe(true);
  });
});
