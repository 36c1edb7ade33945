// npm test: everything that must hold at every commit. Ends with a line "N passed, N failed, N skipped".
// Arguments: see package-tests.mjs.
import { testPackages } from './package-tests.mjs';
import { buildIfNeeded, capture, installIfNeeded, run } from './workspace.mjs';

installIfNeeded();
// Nx's project graph, without which the linter skips the rule of module boundaries.
await capture(process.execPath, ['node_modules/.bin/nx', 'show', 'projects']);
console.error('typecheck …');
// All packages have the same options: one program knows them all in a tenth of the time of one for each.
const types = await capture(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tools/tsconfig.all.json']);
if (types.code !== 0) {
  console.error(types.output);
  process.exit(1);
}
for (const [name, args] of [
  ['lint', ['node_modules/eslint/bin/eslint.js', '.', '--max-warnings', '0']],
  ['format', ['node_modules/prettier/bin/prettier.cjs', '--check', '--log-level', 'warn', '.']],
  ['supply chain', ['tools/scripts/supply-chain.mjs']],
  ['structure', ['tools/scripts/structure.mjs']],
  ['words', ['tools/scripts/words.mjs']],
]) {
  console.error(`${name} …`);
  run(process.execPath, args);
}
await buildIfNeeded();
console.error('API reports …');
run(process.execPath, ['tools/scripts/api-report.mjs', '--check']);

console.error('documentation …');
// The links of all pages, and that every code block is run or marked.
const site = await capture(process.execPath, ['apps/docs/src/main.mjs', '--no-build', '--links']);
const [, pages, deadLinks] = /(\d+) passed, (\d+) failed/.exec(site.output) ?? [0, 0, 1];
if (site.code !== 0) console.error(site.output);
else console.log(/^code blocks: .*$/m.exec(site.output)[0]);

const totals = await testPackages(process.argv.slice(2));
console.error('examples of the READMEs …');
const examples = await capture(process.execPath, ['tools/scripts/readme-examples.mjs']);
const [, shown, broken] = /(\d+) passed, (\d+) failed/.exec(examples.output) ?? [0, 0, 1];
if (examples.code !== 0) console.error(examples.output);
else for (const [line] of examples.output.matchAll(/^skipped: .*$/gm)) console.log(line);
console.error('examples of the documentation …');
const scripts = await capture(process.execPath, ['tools/scripts/examples.mjs', '--no-build']);
const [, ran, brokenScripts] = /(\d+) passed, (\d+) failed/.exec(scripts.output) ?? [0, 0, 1];
if (scripts.code !== 0) console.error(scripts.output);
console.error('notebooks of the documentation …');
const notebooks = await capture(process.execPath, ['tools/scripts/notebook.mjs', '--no-build']);
const [, read, brokenNotebooks] = /(\d+) passed, (\d+) failed/.exec(notebooks.output) ?? [0, 0, 1];
if (notebooks.code !== 0) console.error(notebooks.output);
else for (const [line] of notebooks.output.matchAll(/^skipped: .*$/gm)) console.log(line);
const passed = totals.passed + Number(pages) + Number(shown) + Number(ran) + Number(read);
const failed = totals.failed + Number(deadLinks) + Number(broken) + Number(brokenScripts) + Number(brokenNotebooks);
console.log(`${passed} passed, ${failed} failed, ${totals.skipped} skipped`);
process.exit(failed > 0 ? 1 : 0);
