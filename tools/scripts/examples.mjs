// npm run examples: runs the scripts of apps/docs/examples, each in an empty folder of its own. Ends with "N passed, N failed".
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildIfNeeded, capture, root } from './workspace.mjs';

const folder = join(root, 'apps', 'docs', 'examples');
const only = process.argv.slice(2).find((arg) => !arg.startsWith('--'));
if (!process.argv.includes('--no-build')) await buildIfNeeded();
let passed = 0;
const failed = [];
for (const name of readdirSync(folder).sort()) {
  // Plug-ins are modules that another example loads.
  if (!name.endsWith('.mjs') || name.startsWith('plugin-') || (only && !name.startsWith(only))) continue;
  if (readFileSync(join(folder, name), 'utf8').includes("'@tensorflow/tfjs'")) {
    // npm run losses-alone installs it beside the packed losses, and runs the script there.
    console.log(`skipped: ${name} needs @tensorflow/tfjs, which is not installed here`);
    continue;
  }
  const cwd = mkdtempSync(join(tmpdir(), 'example-'));
  const { code, output } = await capture(process.execPath, ['--no-warnings', join(folder, name)], { cwd });
  if (code === 0) passed++;
  else failed.push(name);
  if (code !== 0 || only) console.error(`${name} ended with ${code}\n${output.slice(-4000)}`);
}
for (const name of failed) console.error(`failed: ${name}`);
console.log(`${passed} passed, ${failed.length} failed`);
process.exit(failed.length > 0 ? 1 : 0);
