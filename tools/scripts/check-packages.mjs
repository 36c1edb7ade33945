// npm run check-packages: the packages as they would be published. Each is packed and must be clean for publint and for
// are-the-types-wrong, import nothing that it does not declare, have types that compile without what is optional, and carry
// what a reader expects. Names check those packages alone.
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { builtinModules } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { buildIfNeeded, capture, expectRun, root } from './workspace.mjs';

/** The folders of the packages that are published. */
export function publicPackages() {
  return ['packages', 'apps'].flatMap((room) =>
    readdirSync(join(root, room))
      .map((name) => join(room, name))
      .filter((folder) => existsSync(join(root, folder, 'package.json')))
      .filter((folder) => !readManifest(folder).private),
  );
}

function readManifest(folder) {
  return JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'));
}

/** What is wrong with a packed package, a line each. */
async function findings(folder, place) {
  const manifest = readManifest(folder);
  const printed = await expectRun('npm', ['pack', '--json', '--pack-destination', place], { cwd: join(root, folder) });
  const [{ filename }] = JSON.parse(printed.slice(printed.indexOf('[')));
  const tarball = readFileSync(join(place, filename));
  const files = createPackageFromTarballData(new Uint8Array(tarball));
  return [
    ...(await publintFindings(tarball, manifest)),
    ...(await typeFindings(files, manifest)),
    ...importFindings(files, manifest),
    ...contentFindings(files, manifest),
  ];
}

async function publintFindings(tarball, manifest) {
  const { buffer, byteOffset, byteLength } = tarball;
  const pack = { tarball: buffer.slice(byteOffset, byteOffset + byteLength) };
  const { messages } = await publint({ pack, strict: true });
  return messages.map((message) => `publint: ${formatMessage(message, manifest)}`);
}

/** Problems of the types. Resolution of TypeScript before 4.7 knows no `exports`, and no `require` finds an ES module alone. */
async function typeFindings(files, { exports = {}, main }) {
  const entries = Object.values(exports).filter((entry) => typeof entry === 'object');
  if (entries.length === 0 && !main) return [];
  const isEsmOnly = !entries.some((entry) => 'require' in entry);
  const { problems = [] } = await checkPackage(files);
  return problems
    .filter(({ resolutionKind }) => resolutionKind !== 'node10')
    .filter(({ resolutionKind }) => !(isEsmOnly && resolutionKind === 'node16-cjs'))
    .map(({ kind, ...rest }) => `are-the-types-wrong: ${kind} ${JSON.stringify(rest)}`);
}

const imported = /(?:from\s*|import\s*\(\s*|require\s*\(\s*|require\.resolve\s*\(\s*|import\s+)(["'])([^"'\n]+)\1/g;

/** Names that are imported in the code or the types, and are declared nowhere. */
function importFindings(files, { name, dependencies, peerDependencies, optionalDependencies }) {
  const declared = new Set([name, ...Object.keys({ ...dependencies, ...peerDependencies, ...optionalDependencies })]);
  const strange = new Map();
  for (const file of files.listFiles().filter((path) => /\/dist\/[^/]*\.(c?js|mjs|d\.c?ts)$/.test(path))) {
    for (const [, , specifier] of files.readFile(file).matchAll(imported)) {
      if (!/^(@[a-z0-9][\w.-]*\/)?[a-z0-9][\w.-]*(\/|$)/.test(specifier)) continue;
      const owner = specifier
        .split('/')
        .slice(0, specifier.startsWith('@') ? 2 : 1)
        .join('/');
      if (builtinModules.includes(owner) || declared.has(owner)) continue;
      strange.set(owner, file.slice(file.indexOf('/dist/') + 1));
    }
  }
  return [...strange].map(([owner, file]) => `imports ${owner} (${file}), which is no dependency; declare it`);
}

function contentFindings(files, { name, keywords = [], description, license }) {
  const there = (file) => files.fileExists(`/node_modules/${name}/${file}`);
  return [
    ...['LICENSE', 'README.md'].filter((file) => !there(file)).map((file) => `has no ${file}; list it in "files"`),
    ...(keywords.length === 0 ? ['has no keywords'] : []),
    ...(description && license ? [] : ['has no description or no license']),
  ];
}

/**
 * What the compiler says of programs that import every entry, in both module systems and with `skipLibCheck: false`. What
 * is optional is not installed: no type may need it. TensorFlow.js's own types need `dom` and `long`.
 */
async function compilerFindings(folders, place) {
  const modules = join(place, 'node_modules');
  const link = (name) => {
    if (existsSync(join(modules, name)) || !existsSync(join(root, 'node_modules', name))) return;
    mkdirSync(dirname(join(modules, name)), { recursive: true });
    symlinkSync(join(root, 'node_modules', name), join(modules, name));
  };
  const entries = [];
  for (const folder of publicPackages()) {
    const { name, dependencies = {}, peerDependencies = {}, peerDependenciesMeta, exports = {} } = readManifest(folder);
    // A check of some packages alone needs those built that they import, which the compiler tells.
    if (!existsSync(join(root, folder, 'dist')) && !folders.includes(folder)) continue;
    for (const part of ['dist', 'package.json'])
      cpSync(join(root, folder, part), join(modules, name, part), { recursive: true });
    const needed = Object.keys(peerDependencies).filter((peer) => !peerDependenciesMeta?.[peer]?.optional);
    for (const other of [...Object.keys(dependencies), ...needed]) if (!other.startsWith('@cxr-align/')) link(other);
    if (folders.includes(folder))
      for (const [path, conditions] of Object.entries(exports))
        if (typeof conditions === 'object') entries.push({ specifier: name + path.slice(1), conditions });
  }
  for (const name of ['@types/node', '@types/long']) link(name);
  const program = (wanted) =>
    entries
      .filter(({ conditions }) => wanted in conditions)
      .map(({ specifier }, i) => `import * as all${i} from '${specifier}';\nexport { all${i} };\n`)
      .join('');
  const files = ['import', 'require'].map((wanted) => [`all.${wanted === 'import' ? 'mts' : 'cts'}`, program(wanted)]);
  for (const [file, text] of files) writeFileSync(join(place, file), text || 'export {};');
  const compilerOptions = {
    ...{
      strict: true,
      noEmit: true,
      skipLibCheck: false,
      target: 'es2022',
      module: 'node16',
      moduleResolution: 'node16',
    },
    ...{ types: ['node', 'long'], lib: ['es2022', 'dom'] },
  };
  writeFileSync(join(place, 'package.json'), '{}');
  writeFileSync(join(place, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: files.map(([file]) => file) }));
  const compiler = join(root, 'node_modules/typescript/bin/tsc');
  const { code, output } = await capture(process.execPath, [compiler, '-p', '.', '--pretty', 'false'], { cwd: place });
  return code === 0
    ? []
    : output
        .trim()
        .split('\n')
        .map((line) => `types: ${line}`);
}

/** Checks packages. @returns what is wrong, a line each. */
export async function checkPackages(folders = publicPackages()) {
  const place = mkdtempSync(join(tmpdir(), 'packed-'));
  try {
    const all = [];
    for (const folder of folders)
      for (const line of await findings(folder, place)) all.push(`${readManifest(folder).name}: ${line}`);
    return [...all, ...(await compilerFindings(folders, place))];
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}

if (process.argv[1] === import.meta.filename) {
  const names = process.argv.slice(2).filter((arg) => !arg.startsWith('--'));
  if (process.argv.includes('--build')) await buildIfNeeded();
  const folders = publicPackages().filter((folder) => names.length === 0 || names.includes(folder.split('/')[1]));
  const lines = await checkPackages(folders);
  for (const line of lines) console.error(line);
  console.log(`${folders.length} packages, ${lines.length} findings`);
  process.exit(lines.length > 0 ? 1 : 0);
}
