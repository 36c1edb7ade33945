// npm run api: writes api-report.md of each published package: every export with its declaration, read from the built types,
// so that a change of the public interface shows in review. With --check nothing is written, and a difference ends with 1.
// Names of packages restrict it to those. The packages must be built.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { format, resolveConfig } from 'prettier';
import ts from 'typescript';
import { publicPackages } from './check-packages.mjs';
import { buildIfNeeded, root } from './workspace.mjs';

const printer = ts.createPrinter({ removeComments: true });

/** The entries of a package that have types: the specifier, and the file of its types. */
export function entriesOf(folder) {
  const { name, exports = {} } = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'));
  return Object.entries(exports).flatMap(([path, conditions]) => {
    const types = conditions.import?.types ?? conditions.types;
    return types ? [{ specifier: name + path.slice(1), file: join(root, folder, types) }] : [];
  });
}

/** The declarations of a symbol as they would be written in source, without bodies, comments and private members. */
function declarationsOf(symbol) {
  const nodes = (symbol.declarations ?? []).map((node) =>
    ts.isVariableDeclaration(node) ? node.parent.parent : ts.isBindingElement(node) ? node.parent.parent : node,
  );
  return [...new Set(nodes)].map((node) => {
    const visible = ts.isClassDeclaration(node) ? withoutPrivate(node) : node;
    return printer
      .printNode(ts.EmitHint.Unspecified, visible, node.getSourceFile())
      .replace(/^(export )?(default )?(declare )?/, '');
  });
}

function withoutPrivate(node) {
  const members = node.members.filter(
    (member) =>
      !(ts.getCombinedModifierFlags(member) & ts.ModifierFlags.Private && !ts.isConstructorDeclaration(member)) &&
      !(member.name && ts.isPrivateIdentifier(member.name)),
  );
  const { modifiers, name, typeParameters, heritageClauses } = node;
  return ts.factory.updateClassDeclaration(node, modifiers, name, typeParameters, heritageClauses, members);
}

/** The report of a package, as Markdown. */
async function reportOf(folder, program) {
  const checker = program.getTypeChecker();
  const resolved = (symbol) => (symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol);
  const isOwn = (symbol) =>
    (symbol.declarations ?? []).some((node) =>
      node.getSourceFile().fileName.startsWith(join(root, folder, 'dist') + sep),
    );
  const parts = [];
  const shown = new Set();
  const mentioned = new Set();
  const note = (node) => {
    if (ts.isIdentifier(node)) {
      const symbol = checker.getSymbolAtLocation(node);
      const target = symbol && resolved(symbol);
      const isType = target && target.flags & (ts.SymbolFlags.Type | ts.SymbolFlags.Variable | ts.SymbolFlags.Function);
      if (isType && !(target.flags & ts.SymbolFlags.TypeParameter) && isOwn(target)) mentioned.add(target);
    }
    ts.forEachChild(node, note);
  };
  for (const { specifier, file } of entriesOf(folder)) {
    const source = program.getSourceFile(file);
    if (!source) throw new Error(`expected the built types ${relative(root, file)}, got none; run npm run build`);
    const module = checker.getSymbolAtLocation(source);
    const symbols = module ? checker.getExportsOfModule(module) : [];
    const lines = symbols
      .sort((a, b) => (a.name < b.name ? -1 : 1))
      .map((symbol) => {
        const target = resolved(symbol);
        shown.add(target);
        if (!isOwn(target)) return `export { ${symbol.name} } from '${sourceOf(symbol)}';`;
        target.declarations.forEach(note);
        const renamed = target.name === symbol.name ? '' : `// as ${symbol.name}\n`;
        return (
          renamed +
          declarationsOf(target)
            .map((text) => `export ${text}`)
            .join('\n')
        );
      });
    parts.push(`## ${specifier}\n\n${lines.length} exports\n\n\`\`\`ts\n${lines.join('\n\n')}\n\`\`\``);
  }
  const inner = innerOf({ shown, mentioned, note });
  if (inner.length > 0)
    parts.push(`## Types that are mentioned above and not exported\n\n\`\`\`ts\n${inner.join('\n\n')}\n\`\`\``);
  const name = entriesOf(folder)[0].specifier;
  const text = `# API of ${name}\n\nWritten by \`npm run api\` from the built types. Not to be edited: a difference in review is a change of the public interface.\n\n${parts.join('\n\n')}\n`;
  const filepath = join(root, folder, 'api-report.md');
  return format(text, { ...(await resolveConfig(filepath)), filepath });
}

/** Where a symbol of another package comes from. */
export function sourceOf(symbol) {
  for (const declaration of symbol.declarations ?? []) {
    for (let node = declaration; node; node = node.parent)
      if ((ts.isExportDeclaration(node) || ts.isImportDeclaration(node)) && node.moduleSpecifier)
        return node.moduleSpecifier.text;
  }
  return 'another package';
}

/** Declarations that exported ones need: own types and values that no entry exports. */
function innerOf({ shown, mentioned, note }) {
  const inner = new Map();
  for (let before = -1; before !== mentioned.size;) {
    before = mentioned.size;
    for (const symbol of mentioned) {
      const isTopLevel = symbol.declarations.some((node) => {
        const outer = ts.isVariableDeclaration(node) ? node.parent.parent : node;
        return ts.isSourceFile(outer.parent);
      });
      if (!isTopLevel || shown.has(symbol) || inner.has(symbol)) continue;
      inner.set(symbol, declarationsOf(symbol).join('\n'));
      symbol.declarations.forEach(note);
    }
  }
  return [...inner.values()].sort();
}

/** A program with the built types of packages. */
export function programOf(folders) {
  const files = folders.flatMap((folder) => entriesOf(folder).map(({ file }) => file));
  return ts.createProgram(files, {
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.ESNext,
    skipLibCheck: true,
    noEmit: true,
    types: ['node'],
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    lib: ['lib.es2023.d.ts', 'lib.dom.d.ts'],
  });
}

/** Writes, or checks, the reports. @returns the packages whose report differs from their types. */
export async function apiReports({ check, names = [] }) {
  const folders = publicPackages()
    .filter((folder) => names.length === 0 || names.includes(folder.split('/')[1]))
    .filter((folder) => entriesOf(folder).length > 0);
  const program = programOf(folders);
  const changed = [];
  for (const folder of folders) {
    const file = join(root, folder, 'api-report.md');
    const report = await reportOf(folder, program);
    if (existsSync(file) && readFileSync(file, 'utf8') === report) continue;
    changed.push(folder);
    if (!check) writeFileSync(file, report);
  }
  return changed;
}

if (process.argv[1] === import.meta.filename) {
  if (process.argv.includes('--build')) await buildIfNeeded();
  const check = process.argv.includes('--check');
  const changed = await apiReports({ check, names: process.argv.slice(2).filter((arg) => !arg.startsWith('--')) });
  for (const folder of changed)
    console.error(
      check
        ? `${folder}/api-report.md differs from the types; run npm run api and commit it if the change is meant`
        : `${folder}/api-report.md written`,
    );
  if (changed.length === 0) console.error('every api-report.md is up to date');
  process.exit(check && changed.length > 0 ? 1 : 0);
}
