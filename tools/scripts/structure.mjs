// npm run structure: holds the layers. Prints each package's files, lines and share, and ends with 1 if an import runs against the order
// of layers and packages, if the disk is changed past packages/files, if files or folders import each other in a circle, if a package
// has more than 15 % of the lines, or if the app imports tensors, formulas or file formats.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { root } from './workspace.mjs';

const layers = ['base', 'domain', 'workflow', 'app'];
/** Workflow packages in the order in which each may import those before it. */
const workflow = [
  'evaluation',
  'classifier',
  'service',
  'training',
  'pretraining',
  'experiments',
  'curation',
  'run-report',
];
const largestShare = 0.15;
/** What the app leaves to the packages: tensors, formulas, file formats. */
const notInApp = [
  /^@tensorflow\//,
  /^@cxr-align\/(tensor|nn|losses|metrics|random|fused-ops|onnx|report|image-backbone)(\/|$)/,
  /^(hyparquet|hyparquet-writer|sharp|yaml|zod|piscina)$/,
];
/** What changes the disk goes through packages/files, whose hook the crash harness (tools/chaos) stops programs at. */
const writing =
  /^(write(File|v)?|appendFile|createWriteStream|rename|mkdir|mkdtemp|rm|rmdir|unlink|cp|copyFile|link|symlink|f?truncate|f?chmod|f?utimes)(Sync)?$/;
const openForWriting = /\bopen(Sync)?\([^)]*'[rwa]+\+?x?'/g;
const mayWrite = [
  'packages/files/src/disk.ts',
  // A lock needs links and exclusive creation.
  'packages/files/src/lock.ts',
  // What is installed beside the program, and a temporary folder of the system.
  'packages/engine/src/set-up/',
  // What TensorFlow caches there.
  'packages/engine/src/start/xla-cache.ts',
  'packages/training/src/evaluate/evaluate-dual-encoder.ts',
];
const formats = ['readNpy', 'writeNpy', 'readNpz', 'readSafetensors', 'writeSafetensors', 'openZip'];

const sourceEndings = /\.(ts|cc|wat)$/;

function filesBelow(folder) {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) return ['dist', 'node_modules', 'test'].includes(name) ? [] : filesBelow(path);
    return sourceEndings.test(name) ? [path] : [];
  });
}

/** Module names that a source imports, and the names it takes of each. */
function importsOf(text) {
  const found = /^(?:import|export)\s(?:type\s)?(?:\{([^}]*)\}|[\w*]+(?: as \w+)?)?\s*(?:from )?'([^']+)'/gm;
  const dynamic = /import\('([^']+)'\)/g;
  return [
    ...[...text.matchAll(found)].map(([, names = '', module]) => ({
      module,
      names: names.split(',').map(
        (name) =>
          name
            .trim()
            .replace(/^type /, '')
            .split(' as ')[0],
      ),
    })),
    ...[...text.matchAll(dynamic)].map(([, module]) => ({ module, names: [] })),
  ];
}

/** Groups of more than one node that reach each other (Tarjan). @param arrows node → nodes. */
function circles(arrows) {
  const index = new Map();
  const low = new Map();
  const stack = [];
  const found = [];
  const visit = (node) => {
    index.set(node, index.size);
    low.set(node, index.get(node));
    stack.push(node);
    for (const next of arrows.get(node) ?? []) {
      if (!index.has(next)) visit(next);
      if (stack.includes(next)) low.set(node, Math.min(low.get(node), low.get(next)));
    }
    if (low.get(node) !== index.get(node)) return;
    const group = stack.splice(stack.indexOf(node));
    if (group.length > 1) found.push(group);
  };
  for (const node of arrows.keys()) if (!index.has(node)) visit(node);
  return found;
}

const packages = ['packages', 'apps'].flatMap((group) =>
  readdirSync(join(root, group)).flatMap((name) => {
    const folder = join(root, group, name);
    let description;
    try {
      description = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    } catch {
      return [];
    }
    const layer = description.nx?.tags?.find((tag) => tag.startsWith('layer:'))?.slice(6);
    if (!layers.includes(layer)) return [];
    const files = ['src', 'assembly', 'native'].flatMap((part) => {
      try {
        return filesBelow(join(folder, part));
      } catch {
        return [];
      }
    });
    const lines = files.reduce((sum, file) => sum + readFileSync(file, 'utf8').split('\n').length - 1, 0);
    return [{ name, module: description.name, layer, folder, files, lines }];
  }),
);
const total = packages.reduce((sum, { lines }) => sum + lines, 0);
const byModule = new Map(packages.map((one) => [one.module, one]));
const faults = [];

/** Whether one package may import another. */
function mayImport(from, to) {
  if (from.layer === 'workflow' && to.layer === 'workflow')
    return workflow.indexOf(from.name) > workflow.indexOf(to.name);
  if (from.layer === to.layer) return from.layer === 'base';
  return layers.indexOf(from.layer) > layers.indexOf(to.layer);
}

const packageArrows = new Map(packages.map(({ module }) => [module, new Set()]));
for (const one of packages) {
  const source = join(one.folder, 'src');
  const fileArrows = new Map();
  const folderArrows = new Map();
  const roomOf = (file) => {
    const path = relative(source, file).split(sep);
    return path.length === 1 ? path[0] : path[0] + sep;
  };
  for (const file of one.files.filter((path) => path.endsWith('.ts') && path.startsWith(source))) {
    const shown = relative(root, file);
    const text = readFileSync(file, 'utf8');
    const isWriter = mayWrite.some((path) => shown.startsWith(path));
    if (!isWriter && (text.match(openForWriting) ?? []).some((call) => !/'r'$/.test(call)))
      faults.push(`${shown}: opens a file for writing; use createFile of @cxr-align/files`);
    for (const { module, names } of importsOf(text)) {
      const writer = /^(node:)?fs(\/promises)?$/.test(module) && names.find((name) => writing.test(name));
      if (writer && !isWriter) faults.push(`${shown}: imports ${writer} of ${module}; use @cxr-align/files`);
      if (module.startsWith('.')) {
        const target = resolve(dirname(file), module).replace(/\.js$/, '.ts');
        if (!one.files.includes(target)) continue;
        fileArrows.set(file, (fileArrows.get(file) ?? new Set()).add(target));
        if (roomOf(file) !== roomOf(target))
          folderArrows.set(roomOf(file), (folderArrows.get(roomOf(file)) ?? new Set()).add(roomOf(target)));
        continue;
      }
      const target = byModule.get(module.split('/').slice(0, 2).join('/')) ?? byModule.get(module.split('/')[0]);
      if (target && target !== one) {
        packageArrows.get(one.module).add(target.module);
        if (!mayImport(one, target))
          faults.push(`${shown}: ${one.name} (${one.layer}) imports ${target.name} (${target.layer})`);
      }
      if (one.layer === 'app' && one.name === 'trainer') {
        if (notInApp.some((pattern) => pattern.test(module))) faults.push(`${shown}: the app imports ${module}`);
        const format = names.find((name) => formats.includes(name));
        if (format) faults.push(`${shown}: the app reads a file format (${format})`);
      }
    }
  }
  for (const group of circles(fileArrows))
    faults.push(`circle of files: ${group.map((file) => relative(root, file)).join(', ')}`);
  for (const group of circles(folderArrows)) faults.push(`circle of rooms in ${one.name}: ${group.join(', ')}`);
  const share = one.lines / total;
  if (share > largestShare) faults.push(`${one.name} has ${(100 * share).toFixed(1)} % of the lines, more than 15`);
}
for (const group of circles(packageArrows)) faults.push(`circle of packages: ${group.join(', ')}`);

const width = Math.max(...packages.map(({ name }) => name.length));
for (const layer of layers)
  for (const { name, files, lines } of packages.filter((one) => one.layer === layer))
    console.log(
      `${layer.padEnd(8)} ${name.padEnd(width)} ${String(files.length).padStart(4)} files ${String(lines).padStart(6)} lines ${((100 * lines) / total).toFixed(1).padStart(5)} %`,
    );
console.log(
  `${total} lines, ${packages.length} packages, ${[...packageArrows.values()].reduce((sum, { size }) => sum + size, 0)} arrows between them`,
);
for (const fault of faults) console.log(`fault: ${fault}`);
process.exit(faults.length > 0 ? 1 : 0);
