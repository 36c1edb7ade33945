import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  folderWriter,
  InputError,
  lockFolder,
  lockName,
  observeDisk,
  removeDeadLock,
  type LockOwner,
} from '../src/index.js';

const built = fileURLToPath(new URL('../dist/index.js', import.meta.url));
const place = mkdtempSync(join(tmpdir(), 'lock-'));
afterAll(() => rmSync(place, { recursive: true, force: true }));
let made = 0;
const newFolder = (): string => join(place, String(made++));

/** A process that runs a module which has `lockFolder` and `folder`; it ends when its input does. */
function start(folder: string, code: string) {
  const text = `import { lockFolder } from ${JSON.stringify(built)}; const folder = ${JSON.stringify(folder)};\n${code}`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', text], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines: string[] = [];
  child.stdout.on('data', (part: Buffer) => lines.push(...part.toString().trim().split('\n')));
  return { child, lines, ended: once(child, 'close') };
}

const hold = `lockFolder(folder, 'train'); console.log('held'); process.stdin.on('end', () => process.exit()).resume();`;

function ownerIn(folder: string): LockOwner {
  return JSON.parse(readFileSync(join(folder, lockName), 'utf8')) as LockOwner;
}

describe('lockFolder(folder, use)', () => {
  it('refuses a second writer, of this process too, and leaves nothing once it is released', () => {
    const folder = newFolder();
    const lock = lockFolder(folder, 'train');
    expect(() => lockFolder(folder, 'train')).toThrow(InputError);
    expect(() => lockFolder(folder, 'train')).toThrow(/that train writes to \(this process, since /);
    expect(folderWriter(folder)).toMatchObject({ pid: process.pid, use: 'train' });
    lock.assertHeld();
    rmSync(join(folder, lockName));
    expect(() => lock.assertHeld()).toThrow('got none: the disk is gone, or .cxr-lock was removed');
    lock.release();
    expect(existsSync(folder)).toBe(false);
    expect(folderWriter(folder)).toBeUndefined();
    const again = lockFolder(folder, 'train');
    writeFileSync(join(folder, 'result'), '');
    again.release();
    expect(readdirSync(folder)).toEqual(['result']);
  });
  it('makes the folder so that it is there after a loss of power', () => {
    const folder = join(newFolder(), 'runs', 'a');
    const changes: string[] = [];
    const end = observeDisk({ after: ({ kind, path }) => changes.push(`${kind} ${relative(place, path) || '.'}`) });
    lockFolder(folder, 'train').release();
    end();
    const [first] = relative(place, folder).split('/');
    expect(changes.slice(0, 4)).toEqual([
      `make folder ${first}/runs/a`,
      `sync folder ${first}/runs`,
      `sync folder ${first}`,
      'sync folder .',
    ]);
    expect(existsSync(join(place, first))).toBe(false);
  });
  it('refuses while another process has it, and takes it over from one that was killed', async () => {
    const folder = newFolder();
    const { child, ended } = start(folder, hold);
    await once(child.stdout, 'data');
    expect(() => lockFolder(folder, 'extract')).toThrow(
      new RegExp(`${folder}: .* that train writes to \\(process ${child.pid}, since .*\\); wait for it, stop it`),
    );
    expect(folderWriter(folder)?.pid).toBe(child.pid);
    child.kill('SIGKILL');
    await ended;
    expect(folderWriter(folder)).toBeUndefined();
    lockFolder(folder, 'extract').release();
    expect(readdirSync(folder)).toEqual([]);
  });
  it('is removed of a process that was killed, and left of one that lives', async () => {
    const folder = newFolder();
    const { child, ended } = start(folder, hold);
    await once(child.stdout, 'data');
    removeDeadLock(folder);
    expect(folderWriter(folder)?.pid).toBe(child.pid);
    child.kill('SIGKILL');
    await ended;
    removeDeadLock(folder);
    expect(readdirSync(folder)).toEqual([]);
    removeDeadLock(folder);
  });
  it('is had by one alone of processes that take over the same dead lock at once', async () => {
    const folder = newFolder();
    const dead = start(folder, hold);
    await once(dead.child.stdout, 'data');
    dead.child.kill('SIGKILL');
    await dead.ended;
    const begin = Date.now() + 1500;
    const race = `
      while (Date.now() < ${begin});
      try { lockFolder(folder, 'train'); console.log('mine'); } catch (error) { console.log(error.name); }
      process.stdin.on('end', () => process.exit()).resume();`;
    const racers = Array.from({ length: 4 }, () => start(folder, race));
    await Promise.all(racers.map(({ child }) => once(child.stdout, 'data')));
    expect(racers.flatMap(({ lines }) => lines).sort()).toEqual(['InputError', 'InputError', 'InputError', 'mine']);
    racers.forEach(({ child }) => child.stdin.end());
    await Promise.all(racers.map(({ ended }) => ended));
    expect(readdirSync(folder)).toEqual([]);
  });
  it('knows a process number that was given again, and a machine that was started anew', () => {
    const folder = newFolder();
    lockFolder(folder, 'train');
    const owner = ownerIn(folder);
    const file = join(folder, lockName);
    if (owner.started === null) return;
    for (const ended of [
      { ...owner, started: '1' },
      { ...owner, boot: 'of yesterday', machine: owner.machine },
    ]) {
      if (ended.boot !== owner.boot && owner.machine === null) continue;
      writeFileSync(file, JSON.stringify({ ...ended, token: '0123456789abcdef' }));
      expect(folderWriter(folder)).toBeUndefined();
    }
    const lock = lockFolder(folder, 'train');
    lock.assertHeld();
    lock.release();
  });
  it('waits ten minutes for a lock of another machine or a torn one, and says what to remove', () => {
    const folder = newFolder();
    const own = lockFolder(folder, 'train');
    const file = join(folder, lockName);
    for (const content of [
      JSON.stringify({ ...ownerIn(folder), host: 'elsewhere', boot: 'x', token: '0123456789abcdef' }),
      '{"token":"01',
    ]) {
      writeFileSync(file, content);
      expect(() => own.assertHeld()).toThrow('was taken over by another process');
      expect(() => lockFolder(folder, 'train')).toThrow(
        /on (elsewhere|an unknown machine).* if it has ended, remove .*\.cxr-lock, or wait: it is taken over 10 minutes/,
      );
      const before = Date.now() / 1000 - 601;
      utimesSync(file, before, before);
      lockFolder(folder, 'train').release();
      writeFileSync(file, content);
    }
    own.release();
    expect(existsSync(file)).toBe(true);
  });
});
