import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { SetUpError } from './set-up-error.js';

/** The tools that a binding is built with. */
export interface Toolchain {
  nodeGyp: string;
  /** Folder with include/node. */
  headers: string;
  python: string;
}

/**
 * Finds what node-gyp needs.
 *
 * @throws {SetUpError} naming all that is missing, each with the command that installs it.
 */
export function findToolchain(): Toolchain {
  const python = ['python3', 'python'].find((name) =>
    runs(name, ['-c', 'import sys; assert sys.version_info >= (3, 8)']),
  );
  const nodeGyp = findNodeGyp();
  const headers = findHeaders();
  const missing = [
    !runs('make', ['--version']) && 'make (Debian: apt-get install make; macOS: xcode-select --install)',
    !runs('g++', ['--version']) &&
      !runs('c++', ['--version']) &&
      'a C++ compiler (Debian: apt-get install g++; macOS: xcode-select --install)',
    !python && 'python3, 3.8 or newer (Debian: apt-get install python3)',
    !nodeGyp &&
      'node-gyp, which comes with npm (npm install -g node-gyp, then set npm_config_node_gyp to its bin/node-gyp.js)',
    !headers &&
      "Node's headers (npx node-gyp install; without a network, set npm_config_nodedir to the unpacked Node archive, which has include/node)",
  ].filter((one) => one !== false);
  if (missing.length > 0)
    throw new SetUpError(
      `engine/setUpNative: expected the tools that build a Node addon, got no ${missing.join('; no ')}`,
    );
  return { nodeGyp: nodeGyp!, headers: headers!, python: python! };
}

/** Whether a program exists and exits with 0. */
export function runs(command: string, args: readonly string[]): boolean {
  return spawnSync(command, args, { stdio: 'ignore', env: process.env }).status === 0;
}

function findNodeGyp(): string | undefined {
  const { npm_config_node_gyp: configured, npm_execpath: npm } = process.env;
  const inNpm = 'node_modules/node-gyp/bin/node-gyp.js';
  const onPath = (process.env.PATH ?? '').split(delimiter).flatMap((folder) => {
    const link = join(folder, 'npm');
    return existsSync(link) ? [join(dirname(dirname(realpathSync(link))), inNpm)] : [];
  });
  return [
    configured,
    npm && join(dirname(dirname(npm)), inNpm),
    join(dirname(dirname(process.execPath)), 'lib', inNpm.replace('node_modules', 'node_modules/npm/node_modules')),
    ...onPath,
    resolved('node-gyp/bin/node-gyp.js'),
  ].find((file) => file && existsSync(file));
}

function resolved(file: string): string | undefined {
  try {
    return createRequire(join(process.cwd(), 'package.json')).resolve(file);
  } catch {
    return undefined;
  }
}

/** Headers of this or another Node: the binding uses N-API alone, which is the same in all. */
function findHeaders(): string | undefined {
  const fetched = join(homedir(), '.cache', 'node-gyp');
  return [
    process.env.npm_config_nodedir,
    dirname(dirname(process.execPath)),
    dirname(dirname(realpathSync(process.execPath))),
    ...(existsSync(fetched) ? readdirSync(fetched).map((version) => join(fetched, version)) : []),
    '/usr',
    '/usr/local',
  ].find((folder) => folder && existsSync(join(folder, 'include', 'node', 'node_api.h')));
}
