// What npm test knows of each package before it tests it: whether it is affected by what has changed, and whether the same inputs have
// passed before. Both come from Nx: its list of affected projects, and its hash of all inputs of the target `test` (nx.json).
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { capture, expectRun, root } from './workspace.mjs';

const require = createRequire(import.meta.url);
const folder = join(root, 'node_modules', '.cache', 'cxr-align-tests');
const daysKept = 30;

/** The packages that have tests: their names, folders, and the hash of all that a result depends on. */
export async function testedPackages() {
  process.env.NX_DAEMON = 'false';
  const { createProjectGraphAsync } = require('@nx/devkit');
  const { readNxJson } = require('nx/src/config/nx-json');
  const { createTaskHasher } = require('nx/src/hasher/create-task-hasher');
  const { createTaskGraph } = require('nx/src/tasks-runner/create-task-graph');
  const graph = await createProjectGraphAsync();
  const names = Object.keys(graph.nodes).filter((name) => graph.nodes[name].data.targets?.test);
  const tasks = createTaskGraph(graph, {}, names, ['test'], undefined, {}, true);
  const each = names.map((name) => tasks.tasks[`${name}:test`]);
  const hashes = await createTaskHasher(graph, readNxJson()).hashTasks(each, tasks, process.env);
  return names.map((name, i) => ({ name, folder: graph.nodes[name].data.root, hash: hashes[i].value }));
}

/** The names of the packages that differ from the main branch of where this was cloned from, and of those that import them. */
export async function affectedPackages() {
  const bases = ['origin/HEAD', 'origin/main', 'main', 'HEAD'];
  for (const base of bases) {
    if ((await capture('git', ['rev-parse', '--verify', '--quiet', `${base}^{commit}`])).code !== 0) continue;
    const args = ['node_modules/.bin/nx', 'show', 'projects', '--affected', `--base=${base}`, '--json'];
    const printed = await expectRun(process.execPath, args);
    return new Set(JSON.parse(printed.slice(printed.indexOf('['))));
  }
  return new Set();
}

/** How the tests of a package ended with the same inputs; undefined where that is not known. */
export function knownResult({ hash }) {
  try {
    return JSON.parse(readFileSync(join(folder, `${hash}.json`), 'utf8'));
  } catch {
    return undefined;
  }
}

/** Keeps the result of a package whose tests all passed: `{ passed, skipped }`, skipped ones by name. */
export function keepResult({ hash }, result) {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${hash}.json`), JSON.stringify(result));
  for (const name of readdirSync(folder)) {
    const file = join(folder, name);
    if (Date.now() - statSync(file).mtimeMs > daysKept * 86_400_000) rmSync(file);
  }
}
