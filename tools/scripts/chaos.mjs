// npm run chaos: kills the command at every change that it makes on disk, starts it again, and compares all bytes of what comes out with
// those of a run that nobody disturbed.
//
// - kill: right before each change (make a folder, create, write, sync, rename, link, sync a folder, remove);
// - torn: in the middle of each write and each removal;
// - power: as kill, and whatever was not flushed to the disk by then is gone: contents, names, removals;
// - random: SIGKILL of `train` after a random time, again and again until it has finished, 100 times in all.
//
// A command is run once, and what lies on disk is copied before each change: what a kill there leaves. From each such state that differs
// from the others, the command is started again, in a process that has loaded the program before. With --cold it is started in a new
// process, with --real it is run, killed and started in a new one each time: both take longer.
//
// npm run chaos -- [SCENARIO …] [--modes kill,torn,power] [--sample N] [--random 100] [--seed 0] [--jobs N] [--cold] [--real] [--json]
// Ends with 1 if a byte was lost. --sample N stops at every N-th change only.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { losePower } from './chaos/power.mjs';
import { grid, preparation, scenarios } from './chaos/scenarios.mjs';
import { root } from './workspace.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    modes: { type: 'string', default: 'kill,torn,power' },
    sample: { type: 'string', default: '1' },
    random: { type: 'string', default: '100' },
    seed: { type: 'string', default: '0' },
    jobs: { type: 'string', default: String(availableParallelism()) },
    real: { type: 'boolean', default: false },
    cold: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
});
const modes = values.modes.split(',').filter(Boolean);
const sample = Number(values.sample);
const place = mkdtempSync(join(tmpdir(), 'chaos-'));
const program = join(root, 'apps', 'trainer', 'bin', 'cxr-align.js');
const mainFile = join(root, 'apps', 'trainer', 'dist', 'main.js');
const preload = pathToFileURL(join(root, 'tools', 'scripts', 'chaos', 'preload.mjs')).href;
const losses = [];

/** Runs the command to its end, or to a change. */
function cxrAlign(args, { folder, at, mode, killAfter, copiesStates = false } = {}) {
  const isWatched = folder !== undefined;
  const env = {
    ...process.env,
    NODE_COMPILE_CACHE: join(place, 'compiled'),
    ...(isWatched && {
      CHAOS_PLACE: join(folder, 'out'),
      CHAOS_JOURNAL: join(folder, 'journal.jsonl'),
      ...((mode === 'power' || copiesStates) && { CHAOS_BACKUPS: join(folder, 'backups') }),
      ...(copiesStates && { CHAOS_STATES: join(folder, 'states') }),
      ...(at !== undefined && { CHAOS_AT: at, CHAOS_MODE: mode === 'torn' ? 'torn' : 'kill' }),
    }),
  };
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [...(isWatched ? ['--import', preload] : []), program, ...args], {
      env,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let err = '';
    child.stderr.on('data', (part) => (err = (err + part).slice(-3000)));
    const timer = killAfter === undefined ? undefined : setTimeout(() => child.kill('SIGKILL'), killAfter);
    child.once('close', (code, signal) => {
      clearTimeout(timer);
      resolve({ code, signal, err });
    });
  });
}

/** A process that has loaded the program, for one command after the other. */
function startRunner() {
  const child = spawn(process.execPath, [join(root, 'tools', 'scripts', 'command-runner.mjs'), mainFile], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    run: async (args) => {
      child.stdin.write(`${JSON.stringify(args)}\n`);
      const { value, done } = await answers.next();
      if (done) throw new Error(`the runner ended at cxr-align ${args.join(' ')}`);
      return JSON.parse(value);
    },
    stop: () => child.stdin.end(),
  };
}

async function mustEnd(args) {
  const { code, err } = await cxrAlign(args);
  if (code !== 0) throw new Error(`cxr-align ${args.join(' ')} ended with ${code}\n${err}`);
}

/** Hashes of all files of a folder by their names, and its folders. @param steady takes out of a text what differs in every run. */
function contentOf(folder, { steady }) {
  const names = existsSync(folder) ? readdirSync(folder, { recursive: true }).sort() : [];
  return new Map(
    names.map((name) => {
      const path = join(folder, name);
      return [
        name,
        statSync(path).isDirectory()
          ? 'folder'
          : createHash('sha256')
              .update(steady ? steady(readFileSync(path, 'utf8')) : readFileSync(path))
              .digest('hex'),
      ];
    }),
  );
}

function differences(wanted, got) {
  const names = new Set([...wanted.keys(), ...got.keys()]);
  return [...names].flatMap((name) =>
    wanted.get(name) === got.get(name)
      ? []
      : [`${name}: ${!got.has(name) ? 'missing' : !wanted.has(name) ? 'left over' : 'other bytes'}`],
  );
}

function journalOf(folder) {
  const file = join(folder, 'journal.jsonl');
  return existsSync(file)
    ? readFileSync(file, 'utf8')
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line))
    : [];
}

/** A folder of its own for a try; the command writes to its `out`. */
async function freshFolder(name, scenario) {
  const folder = join(place, name);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(join(folder, 'out'), { recursive: true });
  mkdirSync(join(folder, 'backups'));
  if (scenario.before) cpSync(join(place, `before ${scenario.name}`, 'out'), join(folder, 'out'), { recursive: true });
  return folder;
}

/** Starts a command again. @returns what was lost, or undefined. */
async function startAgain(scenario, { out, wanted, start }) {
  const isWhole = differences(wanted, contentOf(out, scenario)).length === 0;
  const { code, err } = await start((scenario.again ?? scenario.args)(out));
  // A command that has done its work may refuse to do it again.
  if (code !== 0 && !isWhole)
    return `started again it ended with ${code}: ${err.trim().split('\n').slice(-2).join(' / ')}`;
  const found = differences(wanted, contentOf(out, scenario));
  return found.length > 0 ? found.slice(0, 4).join('; ') : undefined;
}

/** What the command of a scenario changes on disk, and what comes out undisturbed. All tries use one path: it is in some files. */
async function undisturbed(scenario, slot) {
  const folder = await freshFolder(slot, scenario);
  const { code, err } = await cxrAlign(scenario.args(join(folder, 'out')), { folder, copiesStates: !values.real });
  if (code !== 0) throw new Error(`${scenario.name} ended with ${code}\n${err}`);
  const records = journalOf(folder);
  return {
    folder,
    records,
    wanted: contentOf(join(folder, 'out'), scenario),
    changes: records.filter(({ key }) => key !== undefined),
    unseen: records.flatMap(({ unseen }) => unseen ?? []),
    // Losses of states that were tried, and those of them that a loss of power leaves.
    tried: new Map(),
    afterPower: new Set(),
  };
}

/** Puts the state on disk that a stop at a change leaves, and starts the command again from it. */
async function goOnFrom(scenario, { folder, records, wanted, tried, afterPower }, { change, mode, start }) {
  const out = join(folder, 'out');
  rmSync(out, { recursive: true, force: true });
  cpSync(join(folder, 'states', `${change.state}${mode === 'torn' ? '-torn' : ''}`), out, { recursive: true });
  if (mode === 'power') losePower(records.slice(0, records.indexOf(change)));
  const state = JSON.stringify([...contentOf(out, scenario)]);
  if (mode === 'power') afterPower.add(state);
  if (!tried.has(state)) tried.set(state, await startAgain(scenario, { out, wanted, start }));
  return { isReached: true, loss: tried.get(state) };
}

/** Stops a scenario at one change. */
async function stopAt(scenario, { slot, key, mode, wanted }) {
  const folder = await freshFolder(slot, scenario);
  const out = join(folder, 'out');
  await cxrAlign(scenario.args(out), { folder, at: key, mode });
  const records = journalOf(folder);
  if (!records.some(({ ended }) => ended)) return { isReached: false };
  // Trainings of an ablation end with it.
  if (['ablate', 'train --seeds', 'tune'].includes(scenario.name))
    await new Promise((resolve) => setTimeout(resolve, 100));
  if (mode === 'power') losePower(records);
  const loss = await startAgain(scenario, { out, wanted, start: cxrAlign });
  return { isReached: true, loss };
}

/** What a scenario finds in the folder that it writes to. */
async function mustEndIn(scenario) {
  const out = join(place, `before ${scenario.name}`, 'out');
  mkdirSync(out, { recursive: true });
  await mustEnd(scenario.before(out));
}

async function stopEverywhere(scenario) {
  const began = Date.now();
  const counts = {
    scenario: scenario.name,
    changes: 0,
    kill: 0,
    torn: 0,
    power: 0,
    states: 0,
    afterPower: 0,
    notReached: 0,
    losses: 0,
  };
  const slots = Array.from({ length: Number(values.jobs) }, (_, i) => `slot-${i}`);
  if (scenario.before) await mustEndIn(scenario);
  await Promise.all(
    slots.map(async (slot, at) => {
      // The path of the results is in some of them: each slot has its own.
      const found = await undisturbed(scenario, slot);
      const { changes, unseen, wanted, tried } = found;
      const runner = values.cold ? undefined : startRunner();
      if (at === 0) {
        counts.changes = changes.length;
        for (const name of unseen) lost(counts, { mode: 'hook', key: name, loss: 'a write past the hook' });
      }
      const tasks = modes.flatMap((mode) =>
        changes
          .filter(({ kind }) => mode !== 'torn' || kind === 'write' || kind === 'remove')
          .filter((_, i) => i % sample === 0)
          .map((change) => ({ mode, change })),
      );
      for (const { mode, change } of tasks.filter((_, i) => i % slots.length === at)) {
        const { key } = change;
        const { isReached, loss } = values.real
          ? await stopAt(scenario, { slot, key, mode, wanted })
          : await goOnFrom(scenario, found, { change, mode, start: runner?.run ?? cxrAlign });
        counts[isReached ? mode : 'notReached']++;
        if (loss !== undefined) lost(counts, { mode, key, loss });
      }
      counts.states += values.real ? tasks.length : tried.size;
      counts.afterPower += found.afterPower.size;
      runner?.stop();
    }),
  );
  counts.seconds = Math.round((Date.now() - began) / 1000);
  if (!values.json) process.stdout.write(`${lineOf(counts)}\n`);
  return counts;
}

function lost(counts, { mode, key, loss }) {
  counts.losses++;
  losses.push({ scenario: counts.scenario, mode, key, loss });
  process.stderr.write(`LOST ${counts.scenario}, ${mode} at ${key}: ${loss}\n`);
}

const columns = [
  'scenario',
  'changes',
  'kill',
  'torn',
  'power',
  'states',
  'afterPower',
  'notReached',
  'losses',
  'seconds',
];
function lineOf(row) {
  return columns.map((name, i) => (i === 0 ? String(row[name]).padEnd(24) : String(row[name]).padStart(11))).join('');
}

/** Kills `train` after random times until it has finished, and so on until there were as many kills as asked for. */
async function killAtRandom(scenario, kills) {
  let state = (Number(values.seed) + 1) >>> 0;
  const uniform = () => {
    // mulberry32
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  const slot = 'random';
  const began = Date.now();
  const { wanted } = await undisturbed(scenario, slot);
  const wholeMs = Date.now() - began;
  const result = {
    scenario: 'random SIGKILLs of train',
    changes: '',
    kill: 0,
    torn: '',
    power: '',
    states: '',
    afterPower: '',
    notReached: '',
    losses: 0,
    finished: 0,
  };
  while (result.kill < kills) {
    const folder = await freshFolder(slot, scenario);
    const out = join(folder, 'out');
    for (let attempt = 0; ; attempt++) {
      const args = (attempt === 0 ? scenario.args : (scenario.again ?? scenario.args))(out);
      const isLast = attempt === 12 || result.kill >= kills;
      const { code, signal, err } = await cxrAlign(args, { killAfter: isLast ? undefined : uniform() * wholeMs });
      if (signal === 'SIGKILL') {
        result.kill++;
        continue;
      }
      const found =
        code === 0
          ? differences(wanted, contentOf(out, scenario))
          : [`ended with ${code}: ${err.trim().split('\n').at(-1)}`];
      result.finished++;
      if (found.length > 0) {
        result.losses++;
        losses.push({
          scenario: 'random',
          mode: 'kill',
          key: `attempt ${attempt}`,
          loss: found.slice(0, 4).join('; '),
        });
        process.stderr.write(`LOST random: ${found.slice(0, 4).join('; ')}\n`);
      }
      break;
    }
  }
  result.seconds = Math.round((Date.now() - began) / 1000);
  if (!values.json) process.stdout.write(`${lineOf(result)}\n`);
  return result;
}

try {
  const given = join(place, 'given');
  mkdirSync(given);
  writeFileSync(join(given, 'grid.json'), JSON.stringify(grid));
  for (const args of preparation(given)) await mustEnd(args);
  const all = scenarios(given);
  const unknown = positionals.filter((name) => name !== 'random' && !all.some((one) => one.name === name));
  if (unknown.length > 0)
    throw new Error(`expected scenarios of ${all.map(({ name }) => name).join(', ')}, random, got ${unknown}`);
  const isWanted = (name) => positionals.length === 0 || positionals.includes(name);
  if (!values.json) process.stdout.write(`${lineOf(Object.fromEntries(columns.map((name) => [name, name])))}\n`);
  const rows = [];
  for (const scenario of all.filter(({ name }) => isWanted(name))) rows.push(await stopEverywhere(scenario));
  if (isWanted('random') && Number(values.random) > 0) rows.push(await killAtRandom(all[0], Number(values.random)));
  const stops = rows.reduce((sum, { kill, torn, power }) => sum + Number(kill) + Number(torn) + Number(power), 0);
  if (values.json) process.stdout.write(`${JSON.stringify({ rows, stops, losses })}\n`);
  else process.stdout.write(`\n${stops} stops, ${losses.length} losses\n`);
} finally {
  rmSync(place, { recursive: true, force: true });
}
process.exitCode = losses.length > 0 ? 1 : 0;
