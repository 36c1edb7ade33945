import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';
import { machineFacts } from './machine.js';

const page = fileURLToPath(new URL('../../../apps/docs/results/speed.md', import.meta.url));

/** Puts what was measured between the marks of its section, with date, machine and command. @param text Markdown. */
export async function writeSection(name: string, text: string, args: readonly string[]): Promise<void> {
  const content = readFileSync(page, 'utf8');
  const marks = new RegExp(`<!-- ${name} -->[\\s\\S]*<!-- /${name} -->`);
  if (!marks.test(content)) throw new Error(`expected the marks of ${name} in ${page}, got none`);
  const { processor, cores, memoryGiB, node, system, date } = machineFacts();
  const command = ['npm run bench --', ...args.filter((arg) => arg !== '--json')].join(' ');
  const machine = `${processor}, ${cores} cores, ${memoryGiB} GiB, ${system}, Node ${node.slice(1)}`;
  const section = `<!-- ${name} -->\n\n${date}, ${machine}: \`${command}\`\n\n${text}\n\n<!-- /${name} -->`;
  const options = { ...(await resolveConfig(page)), filepath: page };
  writeFileSync(
    page,
    await format(
      content.replace(marks, () => section),
      options,
    ),
  );
}

/** Lines of text as a block that keeps them. */
export function asBlock(text: string): string {
  return text.startsWith('|') ? text : `\`\`\`text\n${text}\n\`\`\``;
}
