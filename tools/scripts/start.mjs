// npm start: from a fresh clone to a comparison of two trained models on phantom radiographs. With --readme, table and picture of the
// README are replaced by what was computed.
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { withOutput } from './start-table.mjs';
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
      // Whatever else is set up here: the table is that of the README, to the last bit.
      '--engine',
      'wasm',
      '--overwrite',
    ],
    { stdout: 'ignore' },
  );
}
console.error('');
const comparison = join(runs, 'comparison');
const compare = ['compare', join(runs, 'vision-only'), join(runs, 'aligned'), '--out', comparison];
const reports = ['vision-only', 'aligned'].map((model) => `report: ${join(runs, model, 'report.html')}\n`).join('');
if (!process.argv.includes('--readme')) cxrAlign(compare);
else {
  const command = ['apps/trainer/bin/cxr-align.js', ...compare, '--png'];
  const stdio = ['ignore', 'pipe', 'inherit'];
  const output = execFileSync(process.execPath, command, { cwd: root, encoding: 'utf8', stdio });
  const readme = join(root, 'README.md');
  writeFileSync(readme, withOutput(readFileSync(readme, 'utf8'), output + reports));
  cpSync(join(root, comparison, 'figures', 'roc.png'), join(root, 'apps/trainer/docs/start-roc.png'));
  process.stdout.write(output);
}
process.stdout.write(reports);
