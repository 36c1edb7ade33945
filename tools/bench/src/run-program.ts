import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** What a program prints. @throws {Error} with what it said if it fails. */
export function runProgram(command: string, args: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: 'utf8', maxBuffer: 2 ** 26 });
  if (error) throw error;
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${status}\n${stderr.slice(-2000)}`);
  return stdout;
}

/** The last line of JSON that a program prints. @throws {Error} as {@link runProgram}. */
export function runJson<T>(command: string, args: readonly string[]): T {
  return JSON.parse(runProgram(command, args).trim().split('\n').slice(-1)[0]) as T;
}

/** Runs a part of this bench in a process of its own, whose memory nothing else is in. */
export function runSelf<T>(args: readonly string[]): T {
  return runJson<T>(process.execPath, [fileURLToPath(new URL('./main.js', import.meta.url)), ...args]);
}

/** The Python script of a name that lies beside the bench. */
export function pythonScript(name: string): string {
  return fileURLToPath(new URL(`../python/${name}`, import.meta.url));
}

/** The Pythons in which a peer is looked for. */
export function pythons(): string[] {
  return [process.env.CXR_PYTHON ?? 'python3', 'python3', '/usr/bin/python3'];
}

/** Whether a Python can import some modules. */
export function hasModules(python: string, modules: readonly string[]): boolean {
  return spawnSync(python, ['-c', `import ${modules.join(', ')}`], { stdio: 'ignore' }).status === 0;
}

/** The middle value. */
export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1];
}
