import { execFileSync, spawn } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, readSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** How a command ended: its exit code, and the last million characters that it printed. */
export interface CommandResult {
  code: number;
  out: string;
  err: string;
}

const runner = fileURLToPath(new URL('../../scripts/command-runner.mjs', import.meta.url));
const main = fileURLToPath(new URL('../../../apps/trainer/dist/main.js', import.meta.url));
const limitMs = 60_000;

/** What stands in a pipe up to the end of a line; waits for it without letting another test run. */
function readLine(pipe: number): string {
  const part = Buffer.alloc(65_536);
  const until = Date.now() + limitMs;
  let text = '';
  while (!text.endsWith('\n')) {
    if (Date.now() > until) throw new Error(`expected an answer within ${limitMs / 1000} s, got "${text}"`);
    try {
      text += part.toString('utf8', 0, readSync(pipe, part));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    }
  }
  return text;
}

/**
 * The built command in a process that has loaded it once, for the many tests of what it refuses: a process each would take a second.
 * What it refuses only in a new process, and what it does with signals and streams, is tested by `spawn`.
 *
 * @param cwd the folder that relative paths start from.
 * @returns runs a command with some arguments; ends with the tests of the file.
 */
export function startCommand(cwd: string, env: NodeJS.ProcessEnv = process.env): (args: string[]) => CommandResult {
  const [asked, answered] = ['asked', 'answered'].map((name) => join(mkdtempSync(join(tmpdir(), 'runner-')), name));
  execFileSync('mkfifo', [asked, answered]);
  // Opened both ways, a pipe waits for no other side. Two openings of one pipe: to read without waiting is a matter of each.
  const [ask, stdin, stdout] = [asked, asked, answered].map((path) => openSync(path, 'r+'));
  const answer = openSync(answered, constants.O_RDWR | constants.O_NONBLOCK);
  const child = spawn(process.execPath, [runner, main], { cwd, env, stdio: [stdin, stdout, 'inherit'] });
  afterAll(() => {
    child.kill('SIGKILL');
    [ask, stdin, stdout, answer].forEach(closeSync);
  });
  return (args) => {
    writeSync(ask, `${JSON.stringify(args)}\n`);
    return JSON.parse(readLine(answer)) as CommandResult;
  };
}
