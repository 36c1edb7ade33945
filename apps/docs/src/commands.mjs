// The reference of the command: a page a command, read from what its --help prints.
import { cpSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import yargs from 'yargs';
import { root } from '../../../tools/scripts/workspace.mjs';

const place = join(root, 'node_modules', '.cache', 'cxr-align-docs', 'commands');
/** Flags that every command has; the page of the command describes them. */
const common = ['--help', '--version', '--json', '--plugin'];

/** The pages as Markdown: `source` where each would lie, and its `text`. */
export async function commandPages() {
  return (await helpOfAll()).map((help) => ({
    source: `apps/docs/reference/command/${help.name.replace(' ', '-')}.md`,
    text: pageOfCommand(help),
  }));
}

/** What is printed for every command that has no commands of its own. */
async function helpOfAll() {
  const { commands } = await builtCommands();
  const helpOf = async (name) => {
    const parser = commands
      .reduce((built, command) => built.command(command), yargs())
      .scriptName('cxr-align')
      .wrap(110);
    const text = await new Promise((resolve, reject) =>
      parser.parse([...name.split(' ').filter(Boolean), '--help'], (error, _, output) =>
        error ? reject(error) : resolve(output),
      ),
    );
    return { name, ...readHelp(text) };
  };
  const found = [];
  const visit = async (name) => {
    const help = await helpOf(name);
    if (help.commands.length === 0) found.push(help);
    for (const inner of help.commands) await visit(inner);
  };
  await visit('');
  return found;
}

/** The commands as the program has them, with its packages as they are built. */
async function builtCommands() {
  // The program reads its version beside its folder.
  mkdirSync(place, { recursive: true });
  cpSync(join(root, 'apps/trainer/package.json'), join(place, 'package.json'));
  await build({
    entryPoints: [join(root, 'apps/trainer/src/commands/all.ts')],
    outfile: join(place, 'dist', 'commands.mjs'),
    bundle: true,
    // Without the paths of the workspace, which lead to sources.
    tsconfigRaw: {},
    packages: 'external',
    platform: 'node',
    format: 'esm',
    logLevel: 'error',
  });
  return import(pathToFileURL(join(place, 'dist', 'commands.mjs')).href);
}

/** The parts of what yargs prints. @throws {Error} for a line that it cannot place. */
export function readHelp(text) {
  const [usage, ...parts] = text.trimEnd().split(/\n\n(?=Positionals:|Options:|Commands:|Examples:)/);
  const [call, ...description] = usage.split('\n');
  const lines = (title) =>
    parts
      .find((part) => part.startsWith(`${title}:`))
      ?.split('\n')
      .slice(1) ?? [];
  return {
    call,
    description: description.join(' ').trim().replace(/\.$/, ''),
    commands: columnsOf(lines('Commands')).map(([command]) =>
      command.replace(/^cxr-align /, '').replace(/ [<[].*$/, ''),
    ),
    positionals: columnsOf(lines('Positionals')).map(optionOf),
    options: columnsOf(lines('Options')).map(optionOf),
    examples: columnsOf(lines('Examples'), /^ {2}cxr-align/),
  };
}

/** Rows of two columns that are wrapped; the second column begins at the same place in all. @param start how a row begins. */
function columnsOf(lines, start = /^ {2}\S/) {
  const starts = lines.filter((line) => start.test(line));
  const column = Math.max(0, ...starts.map((line) => /^ {2}\S.*? {2,}/.exec(line)?.[0].length ?? 0));
  const rows = [];
  for (const line of lines) {
    const [left, right] = [line.slice(0, column).trim(), line.slice(column).trim()];
    if (start.test(line)) rows.push([left, right]);
    else if (rows.length > 0 && line.startsWith('  ')) {
      const row = rows.at(-1);
      row[0] = `${row[0]} ${left}`.trim();
      row[1] = `${row[1]} ${right}`.trim();
    } else throw new Error(`expected a line of --help in columns, got ${JSON.stringify(line)}`);
  }
  return rows;
}

/** A flag: its name, its text, and what stands in brackets after it. */
function optionOf([name, text]) {
  const tags =
    /(?:\s*\[(?:string|number|boolean|array|count|required|default: [^\]]*(?:\[[^\]]*\])?[^\]]*|choices: [^\]]*)\])*$/.exec(
      text,
    )[0];
  const found = [
    ...tags.matchAll(/\[(string|number|boolean|array|required|default|choices)(?:: ((?:\[[^\]]*\]|[^\]])*))?\]/g),
  ];
  const tag = (kind) => found.find(([, one]) => one === kind)?.[2];
  return {
    name,
    description: text.slice(0, text.length - tags.length),
    kind: found.map(([, kind]) => kind).find((kind) => ['string', 'number', 'boolean', 'array'].includes(kind)),
    isRequired: found.some(([, kind]) => kind === 'required'),
    default: tag('default'),
    choices: tag('choices')
      ?.split(', ')
      .map((choice) => choice.replaceAll('"', '')),
  };
}

function pageOfCommand({ name, call, description, positionals, options, examples }) {
  const own = options.filter((option) => !common.includes(option.name));
  const ordered = [...own.filter(({ isRequired }) => isRequired), ...own.filter(({ isRequired }) => !isRequired)];
  const parts = [
    `---\ntitle: ${name}\n---\n\n# cxr-align ${name}`,
    `${description}.`,
    `\`\`\`text\n${call} [flags]\n\`\`\``,
    `[All commands](../command.md) have \`--json\`, \`--plugin\` and \`--help\`; that page has exit codes and what else they share. This one is made from what \`cxr-align ${name} --help\` prints.`,
  ];
  if (examples.length > 0) {
    const lines = examples.map(([line, words]) => `${line.replace(/^cxr-align/, 'npx cxr-align')}   # ${words}`);
    parts.push(`## Examples\n\n\`\`\`sh\n${lines.join('\n')}\n\`\`\``);
  }
  if (positionals.length > 0) parts.push(`## Arguments\n\n${positionals.map(itemOf).join('\n')}`);
  if (ordered.length > 0) parts.push(`## Flags\n\n${ordered.map(itemOf).join('\n')}`);
  return `${parts.join('\n\n')}\n`;
}

function itemOf({ name, description, kind, isRequired, default: value, choices }) {
  const words = { string: 'text', number: 'number', boolean: 'switch', array: 'may be repeated' };
  const notes = [
    isRequired ? '**required**' : undefined,
    choices ? `one of ${choices.map((choice) => `\`${choice}\``).join(', ')}` : words[kind],
    value !== undefined && !(kind === 'boolean' && value === 'false')
      ? `default \`${value.replaceAll('"', '')}\``
      : undefined,
  ].filter(Boolean);
  return `- \`${name}\` · ${notes.join(' · ')}  \n  ${description.replaceAll('*', '\\*')}`;
}
