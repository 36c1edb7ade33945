import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** How a program ended. */
export interface Ended {
  seconds: number;
  /** The most resident memory that it had; null where the system does not tell. */
  peakMiB: number | null;
  stdout: string;
}

const command = fileURLToPath(new URL('../../../apps/trainer/bin/cxr-align.js', import.meta.url));

/** Runs `cxr-align`, or Node with other arguments, and watches its memory. @throws {Error} with what it said if it fails. */
export function watchProgram(args: readonly string[], { isCommand = true } = {}): Promise<Ended> {
  const began = performance.now();
  const child = spawn(process.execPath, isCommand ? [command, ...args] : [...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  let peakMiB: number | null = null;
  child.stdout.on('data', (part: Buffer) => (stdout += part.toString()));
  child.stderr.on('data', (part: Buffer) => (stderr = (stderr + part.toString()).slice(-4000)));
  // The kernel keeps the peak itself; the last look is at most this old.
  const timer = setInterval(() => (peakMiB = peakOf(child.pid!) ?? peakMiB), 50);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      clearInterval(timer);
      if (code === 0) resolve({ seconds: (performance.now() - began) / 1000, peakMiB, stdout });
      else reject(new Error(`${args.slice(0, 2).join(' ')} ended with ${code}\n${stderr.slice(-1500)}`));
    });
  });
}

function peakOf(pid: number): number | null {
  try {
    const [, kiB] = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
    return kiB === undefined ? null : Math.round(Number(kiB) / 1024);
  } catch {
    return null;
  }
}
