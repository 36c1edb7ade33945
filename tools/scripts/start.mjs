// npm start: from a fresh clone to a comparison of two trained models on phantom radiographs.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { buildIfNeeded, installIfNeeded, root, run } from './workspace.mjs';

const data = join('data', 'phantom');
const runs = join('runs', 'start');
const cxrAlign = (args, options) => run(process.execPath, ['apps/trainer/bin/cxr-align.js', ...args], options);

installIfNeeded();
await buildIfNeeded();
if (existsSync(join(root, data, 'train.csv'))) console.error(`data: ${data} is there already`);
else cxrAlign(['phantom', '--out', data, '--images', '1600', '--seed', '7']);

for (const model of ['vision-only', 'aligned']) {
  console.error(`\n${model}`);
  // Its own table would say what the comparison says again.
  cxrAlign(
    [
      'train',
      '--data',
      data,
      '--out',
      join(runs, model),
      '--preset',
      model,
      '--config',
      'tools/scripts/start.json',
      '--overwrite',
    ],
    { stdout: 'ignore' },
  );
}
console.error('');
cxrAlign(['compare', join(runs, 'vision-only'), join(runs, 'aligned'), '--out', join(runs, 'comparison')]);
for (const model of ['vision-only', 'aligned']) console.log(`report: ${join(runs, model, 'report.html')}`);
