import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { sharedTfjsKey } from '../start/shared-tfjs.js';
import { runProgram } from './run-program.js';

/** Copies a published package into a folder: from node_modules where it is installed, else from the registry. None of its scripts runs. */
export async function fetchPackage(name: string, version: string, folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const installed = installedPackage(name, version);
  if (installed) {
    for (const part of readdirSync(installed))
      if (!['node_modules', 'deps', 'lib', 'build'].includes(part))
        cpSync(join(installed, part), join(folder, part), { recursive: true });
    return;
  }
  const printed = await runProgram('npm', ['pack', '--silent', '--pack-destination', folder, `${name}@${version}`]);
  const archive = join(folder, printed.trim().split('\n').slice(-1)[0]);
  await runProgram('tar', ['-xzf', archive, '--strip-components=1', '-C', folder]);
  rmSync(archive);
}

function installedPackage(name: string, version: string): string | undefined {
  try {
    const file = createRequire(import.meta.url).resolve(`${name}/package.json`);
    return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version === version
      ? dirname(file)
      : undefined;
  } catch {
    return undefined;
  }
}

/** Makes a package outside node_modules find the TensorFlow.js of the process that loads it; see `exposeTfjs`. */
export function linkTfjs(folder: string): void {
  for (const name of ['tfjs', 'tfjs-core']) {
    const shim = join(folder, 'node_modules', '@tensorflow', name);
    mkdirSync(shim, { recursive: true });
    writeFileSync(join(shim, 'index.js'), `module.exports = globalThis[Symbol.for('${sharedTfjsKey}')];\n`);
  }
}
