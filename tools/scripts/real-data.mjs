// npm run real-data: short runs of the whole command on the real images beside the checkout, where they are.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildIfNeeded, capture, installIfNeeded, root } from './workspace.mjs';

const data = process.env.CXR_SHARED ? join(process.env.CXR_SHARED, 'data') : join(root, '..', 'shared', 'data');
if (!existsSync(data)) {
  console.log(`skipped: no real data beside the checkout (${data})\n0 passed, 0 failed`);
  process.exit(0);
}
installIfNeeded();
await buildIfNeeded();
const place = mkdtempSync(join(tmpdir(), 'real-'));
let passed = 0;
let failed = 0;

async function cxrAlign(...args) {
  const { code, output } = await capture(process.execPath, [join(root, 'apps/trainer/bin/cxr-align.js'), ...args]);
  return { code, output };
}

function report(name, ok, detail) {
  if (ok) passed++;
  else failed++;
  console.log(`${ok ? 'ok' : 'FAILED'}: ${name}${detail ? ` (${detail})` : ''}`);
}

// The floors are far below what full runs reach: they tell a broken pipeline from a working one.
const sets = [
  ['kermany-hier', 0.75, ['epochs=6']],
  ['pneumonia-mnist', 0.8, ['epochs=1']],
  ['nih-1000', 0, ['epochs=2']],
  ['covid-cxr', 0, ['epochs=2']],
];
for (const [set, floor, settings] of sets) {
  const run = join(place, set);
  const trained = await cxrAlign(
    'train',
    '--data',
    join(data, set),
    '--out',
    run,
    ...settings.flatMap((one) => ['--set', one]),
  );
  const file = join(run, 'evaluation.json');
  const macro = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')).macro.auroc : null;
  report(
    `train on ${set}`,
    trained.code === 0 && macro > floor,
    trained.code === 0 ? `macro AUROC ${macro?.toFixed(3)}` : trained.output.slice(-500),
  );
}
const evaluated = await cxrAlign(
  'evaluate',
  '--run',
  join(place, 'kermany-hier'),
  '--data',
  join(data, 'kermany-hier'),
  '--out',
  join(place, 'again'),
);
const [first, second] = ['kermany-hier', 'again'].map((run) =>
  readFileSync(join(place, run, 'evaluation.json'), 'utf8'),
);
report('evaluate gives what train gave', evaluated.code === 0 && first === second);
const image = join(data, 'kermany-hier/images/ped-0001.jpg');
const predicted = await cxrAlign('predict', '--run', join(place, 'kermany-hier'), image);
report('predict an image', predicted.code === 0 && predicted.output.includes('"probability"'));
for (const bad of ['truncated.jpg', 'zero-bytes.png', 'bomb-60000x60000.png']) {
  const { code, output } = await cxrAlign('predict', '--run', join(place, 'kermany-hier'), join(data, 'bad', bad));
  report(`refuse ${bad}`, code === 2 && output.includes(bad) && !/\n\s+at /.test(output));
}
for (const bad of [
  'label-7.csv',
  'ragged-rows.csv',
  'duplicate-header.csv',
  'empty.csv',
  'header-only.csv',
  'nan-and-text-labels.csv',
  'nih-bad-findings.csv',
]) {
  const { code, output } = await cxrAlign('train', '--data', join(data, 'bad', bad), '--out', join(place, 'bad'));
  report(
    `refuse to train on ${bad}`,
    code === 2 && output.includes(bad) && !/\n\s+at /.test(output) && !existsSync(join(place, 'bad', 'model')),
  );
}
rmSync(place, { recursive: true, force: true });
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed > 0 ? 1 : 0);
