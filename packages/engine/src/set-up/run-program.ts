import { spawn } from 'node:child_process';
import { basename } from 'node:path';
import { SetUpError } from './set-up-error.js';

/**
 * Runs a program. @returns its standard output.
 *
 * @throws {SetUpError} with the end of its output, if it fails.
 */
export function runProgram(
  command: string,
  args: readonly string[],
  { cwd, env }: { cwd?: string; env?: Record<string, string> } = {},
): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
    let [printed, errors] = ['', ''];
    child.stdout.on('data', (part) => (printed += part));
    child.stderr.on('data', (part) => (errors += part));
    child.on('error', (error) =>
      reject(new SetUpError(`engine/setUpNative: ${command} does not run: ${error.message}`)),
    );
    child.on('close', (code, signal) => {
      if (code === 0) return resolve(printed);
      const end = `${printed}\n${errors}`
        .split('\n')
        .filter((line) => line.trim() !== '' && !/^\s+at /.test(line))
        .slice(-12)
        .join('\n');
      const shown = [basename(command), ...args.filter((arg) => arg.length < 60).slice(0, 5)].join(' ');
      reject(new SetUpError(`engine/setUpNative: ${shown} ended with ${code ?? signal}:\n${end}`));
    });
  });
}
