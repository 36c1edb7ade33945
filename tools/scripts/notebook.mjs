// npm run notebook: makes a run, and runs the notebooks of apps/docs/tutorials on it by the python3 of PYTHON or the path, if it
// has what they import. Each notebook has a page beside it, NAME.md, with its texts, code and outputs; the two are compared with or
// without Python. With --write outputs and pages are kept. Ends with "N passed, N failed".
import { existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildIfNeeded, capture, root } from './workspace.mjs';

const python = process.env.PYTHON ?? 'python3';
const needed = ['pandas', 'pyarrow', 'sklearn', 'nbformat', 'nbclient', 'ipykernel'];
const folder = join(root, 'apps', 'docs', 'tutorials');
const notebooks = readdirSync(folder).filter((name) => name.endsWith('.ipynb'));
const write = process.argv.includes('--write');

// Errors of a cell end the program; what a cell prints is kept, times and counts of cells are not.
const runner = `
import sys, nbformat
from nbclient import NotebookClient
source, target = sys.argv[1:]
notebook = nbformat.read(source, as_version=4)
NotebookClient(notebook, timeout=300, kernel_name="python3", record_timing=False).execute()
if target:
    nbformat.write(notebook, target)
`;

const lines = (text) => (Array.isArray(text) ? text.join('') : text).replace(/[ \t]+$/gm, '').trimEnd();

/** The page of a notebook: its texts, and below each cell of code what it printed or returned. */
function pageOf(name) {
  const { cells } = JSON.parse(readFileSync(join(folder, name), 'utf8'));
  const parts = cells.map(({ cell_type: type, source, outputs = [] }) => {
    if (type === 'markdown') return lines(source);
    const printed = outputs.map(({ text, data }) => lines(text ?? data['text/plain'])).join('\n');
    return `\`\`\`python\n${lines(source)}\n\`\`\`\n\n\`\`\`text\n${printed}\n\`\`\``;
  });
  return `---\norder: 7\n---\n\n${parts.join('\n\n')}\n\nThis page is made from [${name}](${name}), which you can open in Jupyter.\n`;
}

/** Compares the pages with their notebooks, or writes them. */
function checkPages() {
  const stale = notebooks.filter((name) => {
    const page = join(folder, name.replace(/ipynb$/, 'md'));
    if (write) writeFileSync(page, pageOf(name));
    return !existsSync(page) || readFileSync(page, 'utf8') !== pageOf(name);
  });
  for (const name of stale) console.error(`${name}: its page is not what it holds; run npm run notebook -- --write`);
  return stale.length;
}

const imports = await capture('env', [python, '-c', `import ${needed.join(', ')}`]);
if (imports.code !== 0) {
  const reason = imports.output.trim().split('\n').at(-1);
  console.log(`skipped: running ${notebooks.join(', ')}: ${python} lacks some of ${needed.join(', ')} (${reason})`);
  const stale = checkPages();
  console.log(`${notebooks.length - stale} passed, ${stale} failed`);
  process.exit(stale > 0 ? 1 : 0);
}
if (!process.argv.includes('--no-build')) await buildIfNeeded();
const cwd = mkdtempSync(join(tmpdir(), 'notebook-'));
const cxrAlign = join(root, 'apps', 'trainer', 'bin', 'cxr-align.js');
for (const args of [
  'phantom --out data --images 200 --size 64 --seed 1',
  'train --data data --out runs/first --model linear --epochs 3 --image-size 32',
]) {
  const { code, output } = await capture(process.execPath, [cxrAlign, ...args.split(' ')], {
    cwd,
    env: { CXR_ALIGN_CACHE: join(cwd, 'cache') }, // the wasm engine everywhere
  });
  if (code !== 0) throw new Error(output);
}
let failed = 0;
for (const name of notebooks) {
  const path = join(folder, name);
  const { code, output } = await capture(python, ['-c', runner, path, write ? path : ''], { cwd });
  if (code === 0) continue;
  failed++;
  console.error(`${name}\n${output.slice(-4000)}`);
}
failed = Math.max(failed, checkPages());
console.log(`${notebooks.length - failed} passed, ${failed} failed`);
process.exit(failed > 0 ? 1 : 0);
