// npm run mutation -- [PACKAGE] [--count N] [--seed N] [--list]: puts faults into the source of a package, one at a
// time and in a copy, and counts how many of them its tests notice. The faults are drawn from all places where an
// operation, a flag, a number or a condition can be swapped for another; nobody picks them.
import { spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import ts from 'typescript';
import { root } from './workspace.mjs';

const args = process.argv.slice(2);
const option = (name, fallback) => (args.includes(name) ? Number(args[args.indexOf(name) + 1]) : fallback);
const name = args.find((arg, i) => !arg.startsWith('--') && !(args[i - 1] ?? '').startsWith('--')) ?? 'losses';
const source = join('packages', name, 'src');

/** Operations of TensorFlow.js and of ours that are taken for each other. */
const otherCall = {
  add: 'sub',
  sub: 'add',
  mul: 'div',
  div: 'mul',
  maximum: 'minimum',
  minimum: 'maximum',
  exp: 'square',
  square: 'abs',
  sigmoid: 'tanh',
  log: 'abs',
  relu: 'abs',
  abs: 'square',
  logSoftmax: 'softmax',
  softmax: 'logSoftmax',
  zerosLike: 'onesLike',
  onesLike: 'zerosLike',
  greater: 'less',
};
/** Calls that are left out, their first argument standing for them. */
const dropped = new Set(['neg', 'softplus', 'l2Normalize', 'transpose', 'clipByValue', 'clampedScale']);
const otherOperator = {
  '+': '-',
  '-': '+',
  '*': '/',
  '/': '*',
  '<': '>=',
  '>': '<=',
  '>=': '<',
  '<=': '>',
  '===': '!==',
  '!==': '===',
  '&&': '||',
  '**': '*',
};

/** All faults that can be put into a file. */
function faultsOf(file) {
  const text = readFileSync(join(root, source, file), 'utf8');
  const tree = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const faults = [];
  const put = (node, to) => {
    const { line } = tree.getLineAndCharacterOfPosition(node.getStart());
    faults.push({ file, start: node.getStart(), end: node.getEnd(), from: node.getText(), to, line: line + 1 });
  };
  const visit = (node) => {
    // Checks of inputs are tested by their messages elsewhere; texts are not faults of the mathematics.
    if (ts.isThrowStatement(node) || ts.isTypeNode(node) || ts.isImportDeclaration(node)) return;
    if (ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node)) return;
    if (ts.isCallExpression(node)) {
      const called = ts.isPropertyAccessExpression(node.expression) ? node.expression.name : node.expression;
      const of = called.getText();
      if (/^assertShape|^check/.test(of)) return;
      if (otherCall[of] && ts.isPropertyAccessExpression(node.expression)) put(called, otherCall[of]);
      if (dropped.has(of) && node.arguments.length > 0) put(node, `(${node.arguments[0].getText()})`);
      if (of === 'sum' && node.arguments.length > 1) put(called, 'mean');
    }
    if (ts.isBinaryExpression(node) && otherOperator[node.operatorToken.getText()])
      put(node.operatorToken, otherOperator[node.operatorToken.getText()]);
    if (ts.isConditionalExpression(node))
      put(node, `(${node.condition.getText()} ? ${node.whenFalse.getText()} : ${node.whenTrue.getText()})`);
    if (node.kind === ts.SyntaxKind.TrueKeyword) put(node, 'false');
    if (node.kind === ts.SyntaxKind.FalseKeyword) put(node, 'true');
    if (ts.isNumericLiteral(node)) {
      const value = Number(node.text);
      const isGuard = value !== 0 && (value < 1e-2 || value >= 1e3); // keeps divisions and logarithms finite
      const isSigned = ts.isPrefixUnaryExpression(node.parent) && value <= 2; // an axis
      if (!isGuard && !isSigned) put(node, String(value === 0 ? 1 : value * 1.5));
    }
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return faults;
}

/** A small generator of random numbers, so that a seed names a set of faults. */
function shuffled(list, seed) {
  let state = seed >>> 0;
  const next = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  const order = [...list];
  for (let i = order.length - 1; i > 0; i--) {
    const j = Math.floor(next() * (i + 1));
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}

/** A copy of what the tests need, in which faults can be put. */
function copyWorkspace(place) {
  mkdirSync(place, { recursive: true });
  const isSource = (path) => !/node_modules|\/dist(\/|$)/.test(path.slice(root.length));
  for (const part of ['packages', 'tools/testkit', 'tools/golden', 'jest.preset.mjs', 'package.json'])
    cpSync(join(root, part), join(place, part), { recursive: true, filter: isSource });
  symlinkSync(join(root, 'node_modules'), join(place, 'node_modules'));
}

function test(place) {
  const run = (folder) =>
    new Promise((resolve) => {
      const jest = [
        '--experimental-vm-modules',
        '--no-warnings',
        join(root, 'node_modules/jest/bin/jest.js'),
        '--bail',
        '-i',
      ];
      const child = spawn(process.execPath, jest, {
        cwd: join(place, folder),
        env: { ...process.env, TEST_BACKENDS: '=cpu' },
        stdio: 'ignore',
        timeout: 240_000,
      });
      child.on('close', (code) => resolve(code === 0));
    });
  return run(join('packages', name)).then((passed) => (passed && name === 'losses' ? run('tools/golden') : passed));
}

const all = readdirSync(join(root, source))
  .filter((file) => file.endsWith('.ts') && file !== 'index.ts')
  .flatMap(faultsOf);
const chosen = shuffled(all, option('--seed', 1)).slice(0, option('--count', 60));
if (args.includes('--list')) {
  for (const { file, line, from, to } of chosen) console.log(`${file}:${line}  ${from} → ${to}`);
  process.exit(0);
}
const place = mkdtempSync(join(tmpdir(), 'mutation-'));
const workers = Math.max(1, Math.min(cpus().length, chosen.length));
const survivors = [];
let done = 0;
const queue = [...chosen];
await Promise.all(
  Array.from({ length: workers }, async (_, i) => {
    const copy = join(place, `${i}`);
    copyWorkspace(copy);
    if (i === 0 && !(await test(copy))) throw new Error('expected the tests to pass without a fault; run npm test');
    for (let fault = queue.pop(); fault; fault = queue.pop()) {
      const { file, start, end, to } = fault;
      const target = join(copy, source, file);
      const text = readFileSync(target, 'utf8');
      writeFileSync(target, text.slice(0, start) + to + text.slice(end));
      const survived = await test(copy);
      writeFileSync(target, text);
      done++;
      if (survived) survivors.push(fault);
      process.stderr.write(`\r${done} of ${chosen.length}, ${survivors.length} not noticed `);
    }
  }),
);
rmSync(place, { recursive: true, force: true });
console.error();
for (const { file, line, from, to } of survivors) console.log(`not noticed: ${file}:${line}  ${from} → ${to}`);
const caught = chosen.length - survivors.length;
console.log(
  `${chosen.length} faults of ${all.length} possible ones, ${caught} noticed (${((100 * caught) / chosen.length).toFixed(1)} %)`,
);
process.exit(caught / chosen.length >= 0.95 ? 0 : 1);
