// Runs every ```js example of the pages (*.md) of packages, apps and tools, and compares what it prints with the ```text
// block after it. With --write the blocks are replaced by what was printed. A name of a package runs its pages alone.
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { buildIfNeeded, root } from './workspace.mjs';

const write = process.argv.includes('--write');
const only = process.argv.slice(2).find((arg) => !arg.startsWith('--'));
if (process.argv.includes('--build')) await buildIfNeeded();

/** The examples of all pages: the code, and what it is said to print. */
const examples = ['packages', 'apps', 'tools'].flatMap((room) =>
  readdirSync(join(root, room), { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && (only === undefined || entry.name === only))
    .flatMap(({ name }) =>
      readdirSync(join(root, room, name))
        .filter((page) => page.endsWith('.md'))
        .flatMap((page) => examplesOf(join(room, name, page))),
    ),
);

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

let passed = 0;
let failed = 0;
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
