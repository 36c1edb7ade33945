// Runs every example of the pages (*.md) of packages, apps and tools, and of all pages below apps/docs, and compares what it
// prints with what the page says:
// - a ```js block with the ```text block after it;
// - the ```console blocks of a page, which are one session in a folder of its own: lines after "$ " are commands, the
//   lines below what they print. A page names the shared data that it needs: <!-- session data: labels/table.csv -->.
// Durations (16 s, 3.2 min) may differ. With --write the pages are given what was printed.
// A name of a package runs its pages alone, a path that ends in .md that page.
import { execFile } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { basename, delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { buildIfNeeded, root } from './workspace.mjs';

const write = process.argv.includes('--write');
const only = process.argv.slice(2).find((arg) => !arg.startsWith('--'));
if (process.argv.includes('--build')) await buildIfNeeded();

const pages = ['packages', 'apps', 'tools'].flatMap((room) =>
  readdirSync(join(root, room), { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && (only === undefined || only.endsWith('.md') || entry.name === only))
    .flatMap(({ name }) =>
      readdirSync(join(root, room, name), { recursive: name === 'docs' })
        .filter((page) => page.endsWith('.md') && !page.includes('node_modules'))
        .map((page) => join(room, name, page))
        .filter((page) => !only?.endsWith('.md') || page.endsWith(only)),
    ),
);
/** What a training or a search took is another number each time. */
const withoutDurations = (text) => text.replace(/\b\d+(\.\d+)? (ms|s|min)\b(; \d+(\.\d+)? % of it waiting)?/g, '… s');
/** The examples of all pages: the code, and what it is said to print. */
const examples = pages.flatMap(examplesOf);

function examplesOf(file) {
  const pattern = /```js\n([\s\S]*?)```\n\n```text\n([\s\S]*?)```/g;
  return [...readFileSync(join(root, file), 'utf8').matchAll(pattern)].map(([whole, code, expected]) => ({
    file,
    whole,
    code,
    expected,
  }));
}

/** What an example prints on its standard output; TensorFlow.js advertises on the other one. */
async function outcome({ code }, at) {
  const script = join(root, `.readme-example-${process.pid}-${at}.mjs`);
  writeFileSync(script, code.replace("'@tensorflow/tfjs'", "'./tools/scripts/tfjs.mjs'"));
  try {
    const { stdout } = await promisify(execFile)(process.execPath, ['--no-warnings', script], { cwd: root });
    return { output: stdout };
  } catch (error) {
    return { error: error.stderr ?? error.message };
  } finally {
    rmSync(script);
  }
}

const shared = process.env.CXR_SHARED ? join(process.env.CXR_SHARED, 'data') : join(root, '..', 'shared', 'data');
const run = promisify(execFile);

/** Runs the session of a page: what it says, and what it should say. Nothing for a page without one, or without its data. */
async function session(file) {
  const page = readFileSync(join(root, file), 'utf8');
  const blocks = [...page.matchAll(/```console\n([\s\S]*?)```/g)];
  if (blocks.length === 0) return undefined;
  const needed = /<!-- session data: (.*?) -->/.exec(page)?.[1].split(', ') ?? [];
  const missing = needed.filter((name) => !existsSync(join(shared, name)));
  if (missing.length > 0) {
    console.log(`skipped: the session of ${file} (${missing.join(', ')} is not beside this checkout)`);
    return undefined;
  }
  const folder = mkdtempSync(join(tmpdir(), 'session-'));
  const bin = mkdtempSync(join(tmpdir(), 'bin-'));
  for (const name of needed) symlinkSync(join(shared, name), join(folder, basename(name)));
  const command = join(bin, 'cxr-align');
  writeFileSync(
    command,
    `#!/bin/sh\nexec "${process.execPath}" "${join(root, 'apps/trainer/bin/cxr-align.js')}" "$@"\n`,
  );
  chmodSync(command, 0o755);
  // What setup brought to this machine would be another engine, with other last digits.
  const env = { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH}`, CXR_ALIGN_CACHE: join(bin, 'cache') };
  let printed = page;
  for (const [whole, text] of blocks) {
    const lines = [];
    for (const line of text.split('\n').filter((one) => one.startsWith('$ '))) {
      const { stdout } = await run('bash', ['-c', line.slice(2)], { cwd: folder, env }).catch((error) => ({
        stdout: `${error.stdout ?? ''}${error.stderr ?? error.message}`,
      }));
      lines.push(line, ...(stdout === '' ? [] : [stdout.replace(/[ \t]+$/gm, '').trimEnd()]));
    }
    printed = printed.replace(whole, () => `\`\`\`console\n${lines.join('\n')}\n\`\`\``);
  }
  for (const one of [folder, bin]) rmSync(one, { recursive: true, force: true });
  return { page, printed };
}

/** The calls in the column "ours" of a page's tables that no example of the page makes. */
function callsNotRun(file) {
  const page = readFileSync(join(root, file), 'utf8');
  // As it is, whatever prettier made of its line ends.
  const bare = (text) => text.replace(/\s+/g, '').replace(/,(?=[)\]}])/g, '');
  const code = examplesOf(file)
    .map((example) => bare(example.code))
    .join('\n');
  const tables = [...page.matchAll(/^\|.*\| ours +\|\n\|[ |:-]+\|\n((?:\|.*\n)+)/gm)].map(([, rows]) => rows);
  const calls = tables.flatMap((rows) => [...rows.matchAll(/`([^`]+)` *\|\n/g)].map(([, call]) => call));
  return calls.filter((call) => !code.includes(bare(call)));
}

let passed = 0;
let failed = 0;
for (const file of pages)
  for (const call of callsNotRun(file)) {
    failed++;
    console.error(`${file}: no example runs ${call}, which a table has in its column "ours"`);
  }
/** Runs the session of a page, and compares or writes what it prints. */
async function checkSession(file) {
  const { page, printed } = (await session(file)) ?? {};
  if (page === undefined) return;
  if (withoutDurations(page) === withoutDurations(printed)) passed++;
  else if (write) {
    writeFileSync(join(root, file), printed);
    passed++;
  } else {
    failed++;
    const at = [...page].findIndex((sign, i) => sign !== printed[i]);
    console.error(
      `${file}: its session expected\n${page.slice(at - 200, at + 400)}\ngot\n${printed.slice(at - 200, at + 400)}`,
    );
  }
}
// A session waits for the start of programs much of its time: one for each processor.
const sessions = [...pages];
await Promise.all(
  cpus().map(async () => {
    for (let file = sessions.shift(); file; file = sessions.shift()) await checkSession(file);
  }),
);
const queue = examples.map((example, at) => ({ example, at }));
await Promise.all(
  cpus().map(async () => {
    for (let next = queue.shift(); next; next = queue.shift()) {
      const { file, whole, code, expected } = next.example;
      const { output, error } = await outcome(next.example, next.at);
      if (output === expected) passed++;
      else if (output !== undefined && write) {
        const path = join(root, file);
        const block = `\`\`\`js\n${code}\`\`\`\n\n\`\`\`text\n${output}\`\`\``;
        writeFileSync(
          path,
          readFileSync(path, 'utf8').replace(whole, () => block),
        );
        passed++;
      } else {
        failed++;
        console.error(`${file}: the example\n${code}\nexpected\n${expected}\ngot\n${output ?? error}`);
      }
    }
  }),
);
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed > 0 ? 1 : 0);
