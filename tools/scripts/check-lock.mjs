// Every optional dependency that the lock file names must be in it, or `npm ci` refuses it on another machine.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './workspace.mjs';

const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
const marker = 'node_modules/';
const locked = new Set(Object.keys(packages).map((path) => path.slice(path.lastIndexOf(marker) + marker.length)));
const missing = Object.entries(packages).flatMap(([path, { optionalDependencies = {} }]) =>
  Object.keys(optionalDependencies).flatMap((name) => (locked.has(name) ? [] : [`${path} needs ${name}`])),
);
const elsewhere = Object.entries(packages).flatMap(([path, { resolved }]) =>
  resolved && !resolved.startsWith('https://registry.npmjs.org/') && resolved.includes('://')
    ? [`${path} comes from ${resolved}`]
    : [],
);
for (const line of [...missing, ...elsewhere]) console.error(`package-lock.json: ${line}`);
process.exit(missing.length + elsewhere.length > 0 ? 1 : 0);
