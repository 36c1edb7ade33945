// npm run losses-alone: the losses package as its users have it. It is packed, installed in an empty folder beside
// @tensorflow/tfjs at both ends of the range that it accepts, and trains there, by its losses and in a model of tf.layers:
// in CommonJS, in ES modules, in TypeScript (node16 and bundler). All reference vectors are checked on the cpu backend, and
// bundled in headless Chromium on wasm and webgl; the one file for pages without a bundler is loaded by a script tag.
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { basename, extname, join } from 'node:path';
import { browserMissing, openBrowser } from './browser.mjs';
import { expectRun, root } from './workspace.mjs';

const alone = join(root, 'tools/scripts/alone');
const examples = join(root, 'apps/docs/examples');

/** Both ends of the range of TensorFlow.js that the packages accept. */
export const tensorflowRange = ['4.20.0', '4.22.0'];
const newest = tensorflowRange[tensorflowRange.length - 1];

/** Packs the package and installs it in an empty folder, beside the packages named and nothing else. */
export async function installAlone(name, folder, beside) {
  mkdirSync(folder, { recursive: true });
  const packed = await expectRun('npm', ['pack', '--json', '--pack-destination', folder], {
    cwd: join(root, 'packages', name),
  });
  const [{ filename }] = JSON.parse(packed.slice(packed.indexOf('[')));
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'alone', private: true, type: 'module' }));
  await expectRun('npm', ['i', '--no-audit', '--no-fund', join(folder, filename), ...beside], { cwd: folder });
}

/** Checks types with the TypeScript of this workspace. */
export async function checkTypes(folder, file, moduleResolution) {
  const module = moduleResolution === 'bundler' ? 'esnext' : 'node16';
  const options = {
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    target: 'es2022',
    types: [],
    lib: ['es2022', 'dom'],
  };
  const compilerOptions = { ...options, module, moduleResolution };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: [file] }));
  await expectRun(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', '.'], { cwd: folder });
}

function expectLearned(where, losses) {
  const [first, last] = [losses[0], losses[losses.length - 1]];
  if (!(losses.length === 40 && Number.isFinite(last) && last < first * 0.6))
    throw new Error(`${where}: expected the loss to fall by 40 % in 40 steps, got ${first} to ${last}`);
  return `${where}: ${first.toFixed(3)} → ${last.toFixed(3)}`;
}

/** All of it but the browser; prints a line for each way. */
export async function checkInNode(folder) {
  const { build, transformSync } = await import('esbuild');
  const source = readFileSync(join(alone, 'toy.ts'), 'utf8');
  writeFileSync(join(folder, 'toy.ts'), source);
  const report = 'train().then(async (losses) => console.log(JSON.stringify({ losses, fitted: await fit() })));';
  const plain = (format) => transformSync(`${source}\n${report}\n`, { loader: 'ts', format }).code;
  writeFileSync(join(folder, 'esm.mjs'), plain('esm'));
  writeFileSync(join(folder, 'cjs.cjs'), plain('cjs'));
  const ways = { 'ES modules': 'esm.mjs', CommonJS: 'cjs.cjs' };
  for (const moduleResolution of ['node16', 'bundler']) {
    await checkTypes(folder, 'toy.ts', moduleResolution);
    const name = `TypeScript with moduleResolution ${moduleResolution}`;
    ways[name] = moduleResolution === 'bundler' ? 'bundled.cjs' : 'typed.mjs';
    if (moduleResolution === 'node16') writeFileSync(join(folder, ways[name]), plain('esm'));
    else {
      const stdin = { contents: `${source}\n${report}\n`, loader: 'ts', resolveDir: folder };
      await build({ stdin, outfile: join(folder, ways[name]), bundle: true, platform: 'node', logLevel: 'error' });
    }
  }
  for (const [name, file] of Object.entries(ways)) {
    const output = await expectRun(process.execPath, [file], { cwd: folder });
    const { losses, fitted } = JSON.parse(output.trim().split('\n').pop());
    console.error(`  ${expectLearned(name, losses)}; ${expectLearned('model.fit', fitted)}`);
  }
  const example = 'losses-in-layers.mjs';
  copyFileSync(join(examples, example), join(folder, example));
  const printed = await expectRun(process.execPath, [example], { cwd: folder });
  const found = /^loss (\S+) → (\S+), accuracy (\S+)$/m.exec(printed);
  if (!(found && Number(found[2]) < Number(found[1]) * 0.6 && Number(found[3]) > 0.85)) throw new Error(printed);
  console.error(`  ${example}: ${found[0]}`);
  await checkVectors(folder);
}

/** Where everything that was installed alone is found, so that it is what is tested, and once only. */
function installed(folder) {
  const modules = join(folder, 'node_modules');
  const alias = Object.fromEntries(
    ['', '-core', '-backend-wasm'].map((part) => [`@tensorflow/tfjs${part}`, join(modules, `@tensorflow/tfjs${part}`)]),
  );
  for (const [part, file] of Object.entries({ '/layers': 'layers', '/reference': 'reference', '': 'index' }))
    alias[`@cxr-align/losses${part}`] = join(modules, `@cxr-align/losses/dist/${file}.js`);
  return { alias, nodePaths: [modules] };
}

/** All reference vectors of the losses. */
function lossVectors() {
  const golden = join(root, 'tools/golden');
  return readdirSync(golden)
    .filter((file) => file.startsWith('losses_'))
    .flatMap((file) => JSON.parse(readFileSync(join(golden, file), 'utf8')).cases);
}

/** The reference vectors on the cpu backend of the installed TensorFlow.js. */
async function checkVectors(folder) {
  const { build } = await import('esbuild');
  const cases = lossVectors();
  writeFileSync(join(folder, 'vectors.json'), JSON.stringify(cases));
  const contents = `
    import * as tf from '@tensorflow/tfjs';
    import { vectorMisses } from ${JSON.stringify(join(alone, 'vectors.ts'))};
    import cases from ${JSON.stringify(join(folder, 'vectors.json'))};
    tf.setBackend('cpu').then(() => vectorMisses(cases)).then((misses) =>
      console.log(JSON.stringify({ version: tf.version['tfjs-core'], misses })));`;
  const outfile = join(folder, 'vectors.cjs');
  const stdin = { contents, loader: 'ts', resolveDir: folder };
  await build({ stdin, outfile, bundle: true, platform: 'node', logLevel: 'error', ...installed(folder) });
  const output = await expectRun(process.execPath, [outfile], { cwd: folder });
  const { version, misses } = JSON.parse(output.trim().split('\n').pop());
  if (misses.length > 0) throw new Error(`tfjs-core ${version}: ${misses.length} misses\n${misses.join('\n')}`);
  console.error(`  tfjs-core ${version}: ${cases.length} reference vectors`);
}

/** The toy and the reference vectors in headless Chromium. */
export async function checkInBrowser(folder) {
  // The wasm backend is no part of @tensorflow/tfjs.
  await expectRun('npm', ['i', '--no-audit', '--no-fund', `@tensorflow/tfjs-backend-wasm@${newest}`], { cwd: folder });
  const { build } = await import('esbuild');
  const modules = join(folder, 'node_modules');
  await build({
    entryPoints: [join(alone, 'page.ts')],
    outfile: join(folder, 'page.js'),
    bundle: true,
    minify: true,
    format: 'iife',
    platform: 'browser',
    logLevel: 'error',
    ...installed(folder),
  });
  const cases = lossVectors();
  // The scripts of a page without a bundler.
  const scripts = {
    'tf.min.js': join(modules, '@tensorflow/tfjs/dist/tf.min.js'),
    'losses.browser.js': join(modules, '@cxr-align/losses/dist/losses.browser.js'),
  };
  const types = { '.js': 'text/javascript', '.wasm': 'application/wasm', '.html': 'text/html' };
  const server = createServer((request, response) => {
    const name = basename(request.url ?? '');
    const file = name.endsWith('.wasm')
      ? join(modules, '@tensorflow/tfjs-backend-wasm/dist', name)
      : (scripts[name] ?? join(folder, name));
    const pages = { '': '<script src="page.js"></script>', alone: '<script src="losses.browser.js"></script>' };
    const page = name === 'plain' ? readFileSync(join(examples, 'losses-page.html')) : pages[name];
    if (page !== undefined) return response.writeHead(200, { 'content-type': 'text/html' }).end(page);
    if (!existsSync(file)) return response.writeHead(404).end();
    response.writeHead(200, { 'content-type': types[extname(file)] ?? 'text/plain' }).end(readFileSync(file));
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const browser = await openBrowser();
  try {
    for (const backend of ['wasm', 'webgl']) {
      const page = await browser.newPage();
      await page.goto(`http://127.0.0.1:${server.address().port}/`);
      // eslint-disable-next-line no-undef
      const { losses, vectors, misses } = await page.evaluate(([name, all]) => runOn(name, all), [backend, cases]);
      if (misses.length > 0) throw new Error(`${backend} in Chromium: ${misses.length} misses\n${misses.join('\n')}`);
      console.error(`  ${expectLearned(`Chromium, ${backend}`, losses)}, ${vectors} reference vectors`);
      await page.close();
    }
    await checkPlainPage(browser, `http://127.0.0.1:${server.address().port}`);
  } finally {
    await browser.close();
    server.close();
  }
}

/** The one file, by script tags: the losses train a model of tf.layers, and without TensorFlow.js the error names it. */
async function checkPlainPage(browser, url) {
  const page = await browser.newPage();
  await page.goto(`${url}/plain`);
  const output = page.locator('#loss', { hasText: '→' });
  const losses = (await output.textContent({ timeout: 60_000 })).split(' → ').map(Number);
  if (!(losses[1] < losses[0] * 0.6)) throw new Error(`script tags: expected the loss to fall by 40 %, got ${losses}`);
  console.error(`  script tags in Chromium: ${losses.join(' → ')}`);
  const errors = [];
  page.on('pageerror', (error) => errors.push(error.message));
  await page.goto(`${url}/alone`);
  if (!errors.some((error) => error.includes('load tf.min.js first')))
    throw new Error(`expected an error that names tf.min.js, got ${errors.join() || 'none'}`);
  await page.close();
}

/** Installs the losses alone beside a version of TensorFlow.js. */
export function installLosses(folder, version = newest) {
  return installAlone('losses', folder, [`@tensorflow/tfjs@${version}`]);
}

if (process.argv[1] === join(root, 'tools/scripts/losses-alone.mjs')) {
  const place = mkdtempSync(join(tmpdir(), 'losses-alone-'));
  for (const version of tensorflowRange) {
    console.error(`TensorFlow.js ${version}`);
    await installLosses(join(place, version), version);
    await checkInNode(join(place, version));
  }
  const reason = browserMissing();
  if (reason) console.error(`  browser: skipped (${reason})`);
  else await checkInBrowser(join(place, newest));
  rmSync(place, { recursive: true, force: true });
}
