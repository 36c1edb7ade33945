// node tools/scripts/walk-throughs.mjs [title …]: follows the walk-throughs of CONTRIBUTING.md, the sections below "## Walk-throughs",
// each on a copy of this working tree in a temporary folder. What follows the language of a code block says what is done with it:
//   ```ts packages/…   a file with this content is written; there must be none yet
//   ```diff packages/… lines with + are added after, lines with - removed from what the other lines quote; a quoted line that ends
//                      in … stands for the one line that begins so
//   ```sh              the commands are run at the root of the copy
// A block of another kind is only read. Ends with "N passed, N failed"; exit code 1 if one failed.
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { lstatSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildIfNeeded, expectRun, root } from './workspace.mjs';

const page = 'CONTRIBUTING.md';

/** The walk-throughs of the page: their titles, and their blocks in order. */
export function readWalkThroughs(text = readFileSync(join(root, page), 'utf8')) {
  const [, part] = /^## Walk-throughs\n([\s\S]*?)(?=^## |$(?![\s\S]))/m.exec(text) ?? [];
  if (part === undefined) throw new Error(`${page}: expected a section "## Walk-throughs", got none`);
  return part
    .split(/^### /m)
    .slice(1)
    .map((section) => ({
      title: section.split('\n')[0],
      blocks: [...section.matchAll(/^```(\w+)(?: (\S+))?\n([\s\S]*?)^```$/gm)].map(([, language, file, content]) => ({
        language,
        file,
        content,
      })),
    }));
}

/** A copy of what git tracks or would track, with what is built; packages find each other in it, and everything else here. */
export async function copyOfWorkspace() {
  const copy = mkdtempSync(join(tmpdir(), 'walk-through-'));
  const listed = await expectRun('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard']);
  const built = ['packages', 'apps', 'tools'].flatMap((room) =>
    readdirSync(join(root, room)).map((name) => join(room, name, 'dist')),
  );
  for (const path of [...new Set(listed.split('\0').filter(Boolean)), ...built])
    if (existsSync(join(root, path))) cpSync(join(root, path), join(copy, path), { recursive: true });
  linkModules('node_modules', copy);
  return copy;
}

function linkModules(folder, copy) {
  mkdirSync(join(copy, folder));
  for (const name of readdirSync(join(root, folder))) {
    const path = join(folder, name);
    const inside = relative(root, realpathSync(join(root, path)));
    const isOurs = lstatSync(join(root, path)).isSymbolicLink() && !inside.startsWith(`node_modules${sep}`);
    if (name === '@cxr-align') linkModules(path, copy);
    else symlinkSync(isOurs ? join(copy, inside) : join(root, path), join(copy, path));
  }
}

/** The text of a file with a change: context and removed lines must be there once, one after the other. */
export function changed(text, change) {
  const lines = text.split('\n');
  const steps = change.replace(/\n$/, '').split('\n');
  const quoted = steps.filter((step) => !step.startsWith('+')).map((step) => step.slice(1));
  // Tables are padded to the width of their longest row.
  const plain = (line) => line.replace(/ +/g, ' ');
  const fits = (line, quote) =>
    quote.endsWith('…') ? plain(line).startsWith(quote.slice(0, -1).trimEnd()) : line === quote;
  const places = lines.flatMap((_, at) =>
    quoted.every((quote, i) => at + i < lines.length && fits(lines[at + i], quote)) ? [at] : [],
  );
  if (quoted.length === 0 || places.length !== 1)
    throw new Error(`expected these lines once, got them ${places.length} times:\n${quoted.join('\n')}`);
  let at = places[0];
  const result = steps.flatMap((step) => {
    if (step.startsWith('+')) return [step.slice(1)];
    const line = lines[at++];
    return step.startsWith('-') ? [] : [line];
  });
  return [...lines.slice(0, places[0]), ...result, ...lines.slice(at)].join('\n');
}

/** Follows a walk-through. @throws {Error} naming the block that does not do what the text says. */
export async function follow({ blocks }) {
  const copy = await copyOfWorkspace();
  try {
    // Nx's project graph, without which the linter skips the rule of module boundaries.
    await expectRun(process.execPath, ['node_modules/.bin/nx', 'show', 'projects'], { cwd: copy });
    for (const { language, file, content } of blocks) {
      if (language === 'sh') await expectRun('bash', ['-euxo', 'pipefail', '-c', content], { cwd: copy });
      else if (file !== undefined) apply(copy, { language, file, content });
    }
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

function apply(copy, { language, file, content }) {
  const path = join(copy, file);
  if (language === 'diff') {
    try {
      writeFileSync(path, changed(readFileSync(path, 'utf8'), content));
    } catch (error) {
      throw new Error(`${file}: ${error.message}`, { cause: error });
    }
    return;
  }
  if (existsSync(path)) throw new Error(`${file}: expected no such file yet, got one; show the change as a diff`);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const titles = process.argv.slice(2);
  if (!process.env.CXR_NO_BUILD) await buildIfNeeded();
  let failed = 0;
  const chosen = readWalkThroughs().filter(({ title }) => titles.length === 0 || titles.includes(title));
  if (chosen.length === 0) throw new Error(`expected titles of ${page}, got ${titles.join(', ')}`);
  for (const one of chosen) {
    process.stderr.write(`${one.title} … `);
    try {
      await follow(one);
      console.error('passed');
    } catch (error) {
      failed++;
      console.error(`FAILED\n${error.message}`);
    }
  }
  console.log(`${chosen.length - failed} passed, ${failed} failed`);
  process.exit(failed > 0 ? 1 : 0);
}
