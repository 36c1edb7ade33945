// What becomes of every code block of a page: it is run, it is no program, or it is not run for a reason, which its language has
// below, or which stands behind it: ```js not-run: needs a GPU. Any other block is a fault.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './workspace.mjs';

/** Why blocks of a language are not run. */
const notRun = {
  sh: 'commands for a clone, the data or the machine of a reader',
  bash: 'commands for a clone, the data or the machine of a reader',
  ts: 'types, or a fragment',
  python: 'needs packages of Python',
  html: 'a page; test:full opens the ones of packages in Chromium',
};
const noPrograms = ['text', 'json', 'yaml', 'csv'];

/** The blocks of a text: the number of their first line, the words behind the fence, and what stands after them. */
export function blocksOf(text) {
  const lines = text.split('\n');
  const blocks = [];
  for (let i = 0; i < lines.length; i++) {
    const [, fence, words] = /^ *(`{3,})(.*)$/.exec(lines[i]) ?? [];
    if (fence === undefined) continue;
    const line = i + 1;
    do i++;
    while (i < lines.length && lines[i].trim() !== fence);
    blocks.push({ line, words, next: lines[i + 2] ?? '' });
  }
  return blocks;
}

/** What becomes of a block: its `fate` in words, or a `fault`. */
export function fateOf({ words, next }) {
  const [language, ...rest] = words.split(' ');
  const reason = /^not-run: (.+)$/.exec(rest.join(' '))?.[1];
  if (reason) return { fate: `not run, ${reason}` };
  if (language === 'console' || (language === 'js' && next === '```text')) return { fate: 'run' };
  // Those with a file behind the language are the walk-throughs of CONTRIBUTING.md.
  if (['ts', 'diff'].includes(language) && /^[\w./-]+\.\w+$/.test(rest[0] ?? ''))
    return { fate: 'run by test:full, as a walk-through' };
  if (noPrograms.includes(language)) return { fate: 'no program' };
  if (notRun[language]) return { fate: `not run, ${notRun[language]}` };
  if (language === 'js') return { fault: 'js without a ```text block of what it prints' };
  return { fault: language === '' ? 'no language' : `the language ${language}, which nothing runs` };
}

/** Counts the blocks of pages by their fates. @returns `summary`, and `faults`, a line each. */
export function countBlocks(pages) {
  const faults = [];
  const counts = new Map();
  for (const file of pages)
    for (const block of blocksOf(readFileSync(join(root, file), 'utf8'))) {
      const { fate = 'unmarked', fault } = fateOf(block);
      counts.set(fate, (counts.get(fate) ?? 0) + 1);
      if (fault)
        faults.push(
          `${file}:${block.line}: a code block has ${fault}; run it, or mark it: \`\`\`js not-run: needs a GPU`,
        );
    }
  const parts = [...counts].sort(([, a], [, b]) => b - a).map(([fate, count]) => `${count} ${fate}`);
  return { summary: `code blocks: ${parts.join('; ')}`, faults };
}
