// Prints what tests depend on beside the files of the repository: Node, the shared data beside it, and engines that are set up. Nx takes
// it as an input of the tests, so that their results are not taken from before where any of it is another.
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { root } from './workspace.mjs';

/** Sizes and times of all files of a folder, as one hash. */
function stateOf(folder) {
  const hash = createHash('sha256');
  if (!existsSync(folder)) return 'none';
  for (const name of readdirSync(folder, { recursive: true }).sort()) {
    const { size, mtimeMs } = statSync(join(folder, name), { throwIfNoEntry: false }) ?? {};
    hash.update(`${name} ${size} ${mtimeMs}\n`);
  }
  return hash.digest('hex');
}

const engines =
  process.env.CXR_ALIGN_CACHE ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'cxr-align');
const setUp = ['native', 'gpu', 'webgpu'].map((name) => {
  const manifest = join(engines, name, 'manifest.json');
  return `${name} ${existsSync(manifest) ? readFileSync(manifest, 'utf8') : existsSync(join(engines, name))}`;
});
const shared = process.env.CXR_SHARED ?? join(root, '..', 'shared');
console.log([process.version, process.platform, process.arch, `shared ${stateOf(shared)}`, ...setUp].join('\n'));
