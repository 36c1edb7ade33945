// npm run words: phrases in texts that the field has a term for. Reads the Markdown of the repository, and the comments and texts of
// its sources; lists each line with what to write instead, and ends with 1 if there is any. What a page quotes of the program's
// output, in a block of code, is left to the program's own texts.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './workspace.mjs';

/** A phrase, and what to write. */
const phrases = [
  [/\b(tell|told) by\b|\btold apart\b/i, 'identified by, distinguished'],
  [/\b(is|are|was|were) (told|heard)\b/i, 'is given, is reported'],
  [/\bsays (what|why|so|which|where|how)\b/i, 'reports, states, describes'],
  [/\b(which|that|it) is said\b|\bsaid aloud\b/i, 'with a remark, is reported'],
  [/\b(is|are|was|were) asked for\b|\basks for\b|\bwhen asked for\b/i, 'is requested, requires, on request'],
  [/\blook(s|ed|ing)? (at|into)\b/i, 'examine, check, read'],
  [/\b(goes|go|went|gone) on\b(?! line)/i, 'continues'],
  [/\bnobody\b/i, 'no one, none, or name the actor'],
  [/\bmend(s|ed)?\b/i, 'fix, hint'],
  [/\bslips?\b/i, 'error'],
  [/\bwhat (it|they|that|this) (is|are) worth\b/i, 'how reliable it is'],
  [/\bheld against\b|\bholds? it against\b/i, 'compared with'],
  [/\bbeaten\b/i, 'outperformed'],
  [/\b(is|are) not known\b/i, 'unknown'],
];

/** Lines that are right as they are: where, and a part of the line. */
const allowed = [
  ['apps/docs/glossary.md', ''],
  ['apps/docs/reference/glossary.md', ''],
];

const list = [
  'ls-files',
  '--cached',
  '--others',
  '--exclude-standard',
  '-z',
  '*.md',
  'packages/*/src/*.ts',
  'apps/trainer/src/*.ts',
];
const files = execFileSync('git', list, { cwd: root, encoding: 'utf8' }).split('\0').filter(Boolean);

/** The lines of a file that are text for people, with their numbers. */
function textsOf(file, content) {
  const lines = content.split('\n').map((text, at) => ({ text, at: at + 1 }));
  if (file.endsWith('.md')) {
    let isCode = false;
    return lines.filter(({ text }) => {
      if (text.startsWith('```')) isCode = !isCode;
      return !isCode && !text.startsWith('```');
    });
  }
  return lines.filter(({ text }) => /^\s*(\/\*\*|\*|\/\/)/.test(text));
}

let found = 0;
for (const file of files) {
  if (!/\.(md|ts)$/.test(file) || /\/api-report\.md$|^tools\/golden\/|\/assembly\/|^\.changeset\//.test(file)) continue;
  for (const { text, at } of textsOf(file, readFileSync(join(root, file), 'utf8')))
    for (const [phrase, instead] of phrases) {
      const match = phrase.exec(text.replace(/`[^`]*`/g, ''));
      if (!match || allowed.some(([path, part]) => file === path && text.includes(part))) continue;
      found++;
      console.log(`${file}:${at}: "${match[0]}"; try ${instead}: ${text.trim().slice(0, 120)}`);
    }
}
console.log(`${files.length} files, ${found} phrases`);
process.exit(found > 0 ? 1 : 0);
