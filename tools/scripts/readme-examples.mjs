// Runs every ```js example of the packages' READMEs and compares what it prints with the ```text block after it.
// With --write the blocks are replaced by what was printed.
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildIfNeeded, capture, root } from './workspace.mjs';

const write = process.argv.includes('--write');
if (process.argv.includes('--build')) await buildIfNeeded();
let passed = 0;
let failed = 0;

for (const file of ['packages', 'apps', 'tools'].flatMap((room) =>
  readdirSync(join(root, room)).map((name) => join(room, name, 'README.md')),
)) {
  let text;
  try {
    text = readFileSync(join(root, file), 'utf8');
  } catch {
    continue;
  }
  const pattern = /```js\n([\s\S]*?)```\n\n```text\n([\s\S]*?)```/g;
  for (const [whole, code, expected] of text.matchAll(pattern)) {
    const example = join(root, `.readme-example-${process.pid}.mjs`);
    writeFileSync(example, code);
    const { code: exit, output } = await capture(process.execPath, ['--no-warnings', example]);
    rmSync(example);
    if (exit === 0 && output === expected) passed++;
    else if (exit === 0 && write) {
      text = text.replace(whole, () => whole.slice(0, whole.length - expected.length - 3) + output + '```');
      writeFileSync(join(root, file), text);
      passed++;
    } else {
      failed++;
      console.error(`${file}: expected\n${expected}\ngot\n${output}`);
    }
  }
}
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed > 0 ? 1 : 0);
