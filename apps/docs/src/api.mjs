// The reference of each package's exports: a page a package, from the docstrings in its built types.
import { readFileSync } from 'node:fs';
import { join, sep } from 'node:path';
import { format } from 'prettier';
import ts from 'typescript';
import { entriesOf, programOf, sourceOf } from '../../../tools/scripts/api-report.mjs';
import { publicPackages } from '../../../tools/scripts/check-packages.mjs';
import { root } from '../../../tools/scripts/workspace.mjs';
import { slug } from './markdown.mjs';

const kinds = [
  ['Functions', ts.SymbolFlags.Function],
  ['Classes', ts.SymbolFlags.Class],
  ['Constants', ts.SymbolFlags.Variable],
  ['Types', ts.SymbolFlags.Type],
];

/** The pages as Markdown: `source` where each would lie, and its `text`. */
export async function apiPages() {
  const folders = publicPackages().filter((folder) => entriesOf(folder).length > 0);
  const program = programOf(folders);
  const known = new Map(folders.map((folder) => [manifestOf(folder).name, pageFile(folder)]));
  return Promise.all(
    folders.map(async (folder) => {
      const text = pageOfPackage(folder, program, known);
      // The code blocks are wrapped to what is shown without scrolling.
      return {
        source: pageFile(folder),
        text: await format(text, { parser: 'markdown', printWidth: 84, singleQuote: true }),
      };
    }),
  );
}

const pageFile = (folder) => `apps/docs/reference/api/${folder.split('/')[1]}.md`;
const manifestOf = (folder) => JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'));

function pageOfPackage(folder, program, known) {
  const checker = program.getTypeChecker();
  const { name, description } = manifestOf(folder);
  const own = join(root, folder, 'dist') + sep;
  const entries = entriesOf(folder).map(({ specifier, file }) => {
    const source = program.getSourceFile(file);
    if (!source) throw new Error(`expected the built types ${file}, got none; run npm run build`);
    const module = checker.getSymbolAtLocation(source);
    const exported = (module ? checker.getExportsOfModule(module) : []).map((symbol) => {
      const target = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
      const isOwn = (target.declarations ?? []).some((node) => node.getSourceFile().fileName.startsWith(own));
      return { name: symbol.name, target, from: isOwn ? undefined : sourceOf(symbol) };
    });
    return { specifier, exported };
  });
  const names = new Map(
    entries.flatMap(({ exported }) =>
      exported
        .filter(({ from }) => from === undefined || known.has(from))
        .map((one) => [one.name, `${one.from ? `/${known.get(one.from)}` : ''}#${slug(one.name)}`]),
    ),
  );
  const linked = (text) => withLinks(text, names);
  const parts = [
    `---\ntitle: '${name}'\n---\n\n# ${name}: exports`,
    `${description} The [README](/${folder}/README.md) introduces the package; what follows is made from the docstrings at every build of this site.`,
  ];
  const shown = new Set();
  for (const { specifier, exported } of entries) {
    if (exported.length === 0) continue;
    for (const [title, flag] of kinds) {
      const inKind = exported
        .filter(({ target }) => kinds.find(([, other]) => target.flags & other)?.[1] === flag)
        .sort((a, b) => a.name.localeCompare(b.name, 'en'));
      if (inKind.length === 0) continue;
      parts.push(`## ${title}${entries.length > 1 ? ` of ${specifier}` : ''}`);
      if (inKind.length > 3)
        parts.push(
          inKind
            .filter(({ name }) => names.has(name))
            .map(({ name }) => `[\`${name}\`](${names.get(name)})`)
            .join(', '),
        );
      const again = inKind.filter(({ target, from }) => from !== undefined || shown.has(target));
      for (const one of inKind.filter((one) => !again.includes(one))) {
        shown.add(one.target);
        parts.push(...described(one, checker, linked));
      }
      if (again.length > 0) parts.push(tableOf(again, checker, known, linked));
    }
  }
  return `${parts.join('\n\n')}\n`;
}

/** One export: heading, text, signature, parameters. */
function described({ name, target }, checker, linked) {
  const { summary, tags } = docOf(target, checker);
  const parts = [`### ${name}`];
  if (summary) parts.push(linked(summary));
  parts.push(`\`\`\`ts\n${declarationsOf(target).join('\n')}\n\`\`\``);
  const parameters = tags.filter(({ tag, text }) => tag === 'param' && text);
  if (parameters.length > 0)
    parts.push(
      parameters.map(({ name: parameter, text }) => `- \`${parameter}\`: ${linked(oneLine(text))}`).join('\n'),
    );
  for (const { tag, text } of tags) {
    if (tag === 'returns') parts.push(`**Returns** ${linked(text)}`);
    if (tag === 'throws') parts.push(`**Throws** ${linked(text.replace(/^\{(\w+)\}/, '`$1`'))}`);
    if (tag === 'see') parts.push(`**Source** ${linked(text)}`);
    if (tag === 'example') parts.push(`\`\`\`ts\n${text}\n\`\`\``);
  }
  return parts;
}

/** Exports that another page or entry describes. */
function tableOf(exported, checker, known, linked) {
  const cell = (text) => linked(oneLine(text)).replaceAll('|', '\\|');
  const lines = exported.map(({ name, target, from }) => {
    const page = known.get(from);
    const shown = page ? `[\`${name}\`](/${page}#${slug(name)})` : `\`${name}\``;
    return `| ${shown} | ${cell(firstSentence(docOf(target, checker).summary))} |`;
  });
  return ['| name | what it is |', '| --- | --- |', ...lines].join('\n');
}

const oneLine = (text) => text.replace(/\s*\n\s*/g, ' ');
const firstSentence = (text) => /^[\s\S]*?[.:](?=\s|$)/.exec(text)?.[0].replace(/:$/, '.') ?? text;

/** The docstring of a symbol: its text, and its tags. */
function docOf(symbol, checker) {
  const texts = (symbol.getDocumentationComment(checker) ?? []).map(({ text }) => text).join('');
  const tags = symbol.getJsDocTags(checker).map(({ name, text = [] }) => {
    const all = text.map((part) => part.text).join('');
    if (name !== 'param') return { tag: name, text: all.trim() };
    const [parameter] = all.split(/\s/, 1);
    return { tag: name, name: parameter, text: all.slice(parameter.length).trim() };
  });
  return { summary: withFormulas(texts.trim()), tags };
}

/** Formulas stand indented, after an empty line; they become blocks. */
function withFormulas(text) {
  return text.replace(/(^|\n\n)((?: {2,}(?![-*] ).*(?:\n|$))+)/g, (_, before, block) => {
    const lines = block.replace(/\n$/, '').split('\n');
    const indent = Math.min(...lines.map((line) => /^ */.exec(line)[0].length));
    return `${before}\`\`\`text\n${lines.map((line) => line.slice(indent)).join('\n')}\n\`\`\`\n`;
  });
}

/** `{@link name}` as a link to where that export is described; a member of one leads to it. */
function withLinks(text, names) {
  return text.replace(/\{@link ([^}\s|]+)(?:[\s|]+([^}]*))?\}/g, (_, name, shown) => {
    const [first] = name.split('.');
    const label = shown?.trim() || `\`${name}\``;
    return names.has(first) ? `[${label}](${names.get(first)})` : label;
  });
}

/** Declarations as in the source, with the comments at their members, without what is private. */
function declarationsOf(symbol) {
  const nodes = (symbol.declarations ?? []).map((node) =>
    ts.isVariableDeclaration(node) || ts.isBindingElement(node) ? node.parent.parent : node,
  );
  return [...new Set(nodes)].map((node) => {
    const text = ts.isClassDeclaration(node) ? withoutPrivate(node) : node.getText();
    return text
      .replace(/^(export )?(default )?(declare )?/, '')
      .replace(/^( {4})+/gm, (indent) => ' '.repeat(indent.length / 2));
  });
}

function withoutPrivate(node) {
  let text = node.getText();
  const start = node.getStart();
  for (const member of [...node.members].reverse()) {
    const isPrivate =
      ts.getCombinedModifierFlags(member) & ts.ModifierFlags.Private ||
      (member.name && ts.isPrivateIdentifier(member.name));
    if (isPrivate) text = text.slice(0, member.getFullStart() - start) + text.slice(member.getEnd() - start);
  }
  return text;
}
