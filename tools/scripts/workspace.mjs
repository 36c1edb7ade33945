// What the scripts of this workspace share: finding the root, running programs, installing and building when needed.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

const environment = { ...process.env, NX_DAEMON: 'false', NX_NO_CLOUD: 'true', NX_TUI: 'false' };

/** Runs a program with this terminal; ends the script with its exit code if it fails. */
export function run(command, args, { cwd = root, env = {}, stdout = 'inherit' } = {}) {
  const { status, error } = spawnSync(command, args, {
    cwd,
    stdio: ['ignore', stdout, 'inherit'],
    env: { ...environment, ...env },
  });
  if (error) throw error;
  if (status !== 0) process.exit(status ?? 1);
}

/** Runs a program and gives back its exit code and what it printed. */
export function capture(command, args, { cwd = root, env = {} } = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd, env: { ...environment, ...env } });
    let output = '';
    child.stdout.on('data', (part) => (output += part));
    child.stderr.on('data', (part) => (output += part));
    child.on('close', (code) => resolve({ code, output }));
  });
}

/** Runs a program and gives back what it printed. @throws {Error} with the end of it if the program fails. */
export async function expectRun(command, args, options) {
  const { code, output } = await capture(command, args, options);
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${code}\n${output.slice(-4000)}`);
  return output;
}

/** Ends with a sentence if this Node is too old. */
export function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 19)) {
    console.error(`expected Node 20.19 or newer, got ${process.versions.node}; install a newer one`);
    process.exit(2);
  }
}

/**
 * Whether node_modules holds what the lock file names, by npm's own record of what it installed. Optional packages, such as those
 * of other systems, may be missing.
 */
export function isInstalled(folder = root) {
  const installed = join(folder, 'node_modules', '.package-lock.json');
  if (!existsSync(installed)) return false;
  const { packages: there } = JSON.parse(readFileSync(installed, 'utf8'));
  const { packages: wanted } = JSON.parse(readFileSync(join(folder, 'package-lock.json'), 'utf8'));
  const names = Object.keys(wanted).filter((name) => name !== '');
  const isThere = (name) =>
    there[name]
      ? there[name].version === wanted[name].version && there[name].integrity === wanted[name].integrity
      : wanted[name].optional === true || wanted[name].devOptional === true;
  return names.every(isThere) && Object.keys(there).every((name) => name in wanted);
}

/** Whether this is an archive of `gpu-check.sh --pack`, installed and built as it was packed. */
const isPacked = existsSync(join(root, '.node'));

/** `npm ci` if what is installed is not what the lock file says. */
export function installIfNeeded() {
  checkNode();
  if (isPacked) return;
  if (isInstalled()) {
    console.error('install: nothing to do, node_modules matches the lock file');
    return;
  }
  console.error('install: npm ci');
  run('npm', ['ci', '--no-audit', '--no-fund']);
}

/** Builds what has changed since the last build, and says how much that was. */
export async function buildIfNeeded() {
  if (isPacked) return;
  process.stderr.write('build: ');
  const { code, output } = await capture(process.execPath, [
    'node_modules/.bin/nx',
    'run-many',
    '-t',
    'build',
    '--outputStyle=static',
  ]);
  if (code !== 0) {
    console.error(`failed\n${output}`);
    process.exit(1);
  }
  const all = Number(/for (\d+) projects/.exec(output)?.[1] ?? 0);
  const cached = Number(/instead of running the command for (\d+) out of/.exec(output)?.[1] ?? 0);
  console.error(
    all > 0 && cached === all
      ? `nothing to do, all ${all} packages are up to date`
      : `built ${all - cached} of ${all} packages`,
  );
}
