// npm run conformance -- [--engine NAME …] [--json] [--write]: what each engine computes, beside the reference vectors and the
// cpu engine. --write puts the table into apps/docs/explanation/engines.md. Exit code 1 if an engine that starts misses anything.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildIfNeeded, capture, expectRun, installIfNeeded, root } from './workspace.mjs';

const names = ['cpu', 'wasm', 'native', 'webgpu', 'cuda'];
/** Largest difference of a loss to the cpu engine in float32, by its size, over all epochs of a short training. */
const tolerances = { float32: 1e-3, tf32: 1e-2, bf16: 5e-2 };
/** What else an engine can do beside its defaults: the same training, in other precisions and captured in other ways. */
const variants = {
  native: [{ precision: 'bf16' }, { stepCapture: 'off' }],
  cuda: [
    { stepCapture: 'replay' },
    { precision: 'tf32' },
    { precision: 'bf16' },
    { precision: 'bf16', stepCapture: 'replay' },
  ],
};

const args = process.argv.slice(2);
const asked = args.flatMap((arg, i) => (arg === '--engine' ? [args[i + 1]] : []));
const unknown = asked.filter((name) => !names.includes(name));
if (unknown.length > 0) {
  console.error(`expected --engine of ${names.join(', ')}, got ${unknown.join(', ')}`);
  process.exit(2);
}
installIfNeeded();
await buildIfNeeded();
const place = mkdtempSync(join(tmpdir(), 'conformance-'));
const cxrAlign = join(root, 'apps/trainer/bin/cxr-align.js');
const data = join(place, 'data');
await expectRun(process.execPath, [
  cxrAlign,
  'phantom',
  '--out',
  data,
  '--images',
  '40',
  '--seed',
  '3',
  '--size',
  '32',
]);

const epochs = 5;
const settings = {
  epochs,
  batchSize: 16,
  bootstrap: 0,
  fairness: '[]',
  'image.size': 16,
  'encoder.channels': '[4,8]',
  'decoder.dim': 8,
  'decoder.heads': 2,
  'decoder.layers': 1,
  promptLayers: 1,
};
const trainArgs = (engine, out, changes = {}) => [
  cxrAlign,
  'train',
  '--data',
  data,
  '--out',
  out,
  '--engine',
  engine,
  ...Object.entries({ ...settings, ...changes }).flatMap(([key, value]) => ['--set', `${key}=${value}`]),
];
const historyOf = (run) => {
  const file = join(run, 'history.jsonl');
  return existsSync(file)
    ? readFileSync(file, 'utf8')
        .trim()
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line))
    : [];
};
const hashOf = (run) =>
  ['model/model.safetensors', 'evaluation.json']
    .map((file) =>
      createHash('sha256')
        .update(readFileSync(join(run, file)))
        .digest('hex'),
    )
    .join();

/** Trains, and kills the process as soon as an epoch is on disk. @returns whether it was killed in time. */
function trainAndKill(engine, out) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, trainArgs(engine, out), { stdio: 'ignore' });
    const watch = setInterval(() => historyOf(out).length >= 1 && child.kill('SIGKILL'), 5);
    child.on('close', () => {
      clearInterval(watch);
      resolve(historyOf(out).length < epochs);
    });
  });
}

/** The largest difference of two histories, by the size of the second one's losses. */
function differenceOf(history, reference) {
  const numbers = (records) => records.flatMap(({ loss, losses }) => [loss, ...Object.values(losses)]);
  const [got, wanted] = [numbers(history), numbers(reference)];
  return Math.max(...wanted.map((value, i) => Math.abs(value - got[i]) / Math.max(1e-6, Math.abs(value))));
}

async function conformance(engine, reference) {
  const golden = await capture(process.execPath, [
    join(root, 'tools/golden/dist/main.js'),
    '--engine',
    engine,
    '--json',
  ]);
  const line = golden.output.split('\n').find((one) => one.startsWith('{'));
  if (!line) {
    const reason = golden.output.split('\n').find((one) => one.startsWith(`engine/${engine}:`)) ?? golden.output.trim();
    return { engine, starts: false, reason: reason.replace(`engine/${engine}: does not start: `, '') };
  }
  const { description, files, misses } = JSON.parse(line);
  const count = (wanted) => {
    const chosen = Object.entries(files).filter(([file]) => wanted(file));
    return {
      passed: chosen.reduce((sum, [, { passed }]) => sum + passed, 0),
      cases: chosen.reduce((sum, [, { cases }]) => sum + cases, 0),
    };
  };
  const run = join(place, engine);
  await expectRun(process.execPath, trainArgs(engine, run));
  await expectRun(process.execPath, trainArgs(engine, `${run}-again`));
  const wasKilled = await trainAndKill(engine, `${run}-killed`);
  if (wasKilled) await expectRun(process.execPath, [...trainArgs(engine, `${run}-killed`), '--resume']);
  return {
    engine,
    starts: true,
    description,
    lossVectors: count((file) => file.startsWith('losses_')),
    modules: count((file) => !file.startsWith('losses_')),
    misses,
    trainingDifference: differenceOf(historyOf(run), reference ?? historyOf(run)),
    resumes: wasKilled ? hashOf(`${run}-killed`) === hashOf(run) : null,
    deterministic: hashOf(`${run}-again`) === hashOf(run),
    history: historyOf(run),
  };
}

/** A variant of an engine: the same bits twice, and how far its losses are from the cpu engine's. */
async function variant(engine, changes, reference) {
  const name = Object.entries(changes)
    .map((pair) => pair.join('='))
    .join(' ');
  const runs = [`${engine} ${name}`, `${engine} ${name} again`].map((one) => join(place, one.replaceAll(' ', '-')));
  for (const run of runs) await expectRun(process.execPath, trainArgs(engine, run, changes));
  const trainingDifference = differenceOf(historyOf(runs[0]), reference);
  const tolerance = tolerances[changes.precision ?? 'float32'];
  const deterministic = hashOf(runs[1]) === hashOf(runs[0]);
  return {
    name,
    trainingDifference,
    tolerance,
    deterministic,
    isSound: trainingDifference <= tolerance && deterministic,
  };
}

const results = [];
// The cpu engine is what the others are held against.
for (const engine of names.filter((name) => name === 'cpu' || asked.length === 0 || asked.includes(name))) {
  process.stderr.write(`${engine} … `);
  const result = await conformance(engine, results[0]?.history);
  if (result.starts) {
    result.variants = [];
    for (const changes of variants[engine] ?? [])
      result.variants.push(await variant(engine, changes, (results[0] ?? result).history));
  }
  results.push(result);
  console.error(result.starts ? result.description : `skipped (${result.reason})`);
}
rmSync(place, { recursive: true, force: true });

const isSound = ({ starts, lossVectors, modules, trainingDifference, resumes, deterministic, variants: others }) =>
  !starts ||
  (lossVectors.passed === lossVectors.cases &&
    modules.passed === modules.cases &&
    trainingDifference <= tolerances.float32 &&
    others.every((one) => one.isSound) &&
    resumes !== false &&
    deterministic);
const yes = (value) => (value === null ? 'not seen' : value ? 'bit for bit' : '**no**');
const table = [
  ['engine', 'loss vectors', 'modules', `${epochs} epochs against cpu`, 'resumed after a kill', 'twice the same'],
  ['---', '---', '---', '---', '---', '---'],
  ...results.flatMap((one) => [
    one.starts
      ? [
          `\`${one.engine}\`: ${one.description}`,
          `${one.lossVectors.passed} of ${one.lossVectors.cases}`,
          `${one.modules.passed} of ${one.modules.cases}`,
          one.engine === 'cpu' ? 'the reference' : one.trainingDifference.toExponential(1),
          yes(one.resumes),
          yes(one.deterministic),
        ]
      : [`\`${one.engine}\`: not here: ${one.reason}`, '–', '–', '–', '–', '–'],
    ...(one.variants ?? []).map(({ name, trainingDifference, tolerance, deterministic }) => [
      `\`${one.engine}\`, \`${name}\``,
      '–',
      '–',
      `${trainingDifference.toExponential(1)}, at most ${tolerance}`,
      '–',
      yes(deterministic),
    ]),
  ]),
]
  .map((cells) => `| ${cells.join(' | ')} |`)
  .join('\n');
const shown = results.map((one) => ({ ...one, history: undefined }));
console.log(args.includes('--json') ? JSON.stringify(shown) : table);
if (args.includes('--write')) {
  const readme = join(root, 'apps/docs/explanation/engines.md');
  const marks = /<!-- conformance -->[\s\S]*<!-- \/conformance -->/;
  writeFileSync(
    readme,
    readFileSync(readme, 'utf8').replace(marks, () => `<!-- conformance -->\n\n${table}\n\n<!-- /conformance -->`),
  );
  await expectRun(process.execPath, [join(root, 'node_modules/prettier/bin/prettier.cjs'), '--write', readme]);
}
process.exit(results.every(isSound) ? 0 : 1);
