// npm run losses-alone: the losses package as a stranger has it. It is packed, installed beside @tensorflow/tfjs in an
// empty folder, and trains a toy there: in CommonJS, in ES modules, in TypeScript (node16 and bundler), and bundled in
// headless Chromium on wasm and webgl, where all reference vectors of the losses are checked too.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { basename, extname, join } from 'node:path';
import { browserMissing, openBrowser } from './browser.mjs';
import { expectRun, root } from './workspace.mjs';

const alone = join(root, 'tools/scripts/alone');
const version = '4.22.0';

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

/** All of it but the browser; says a line for each way. */
export async function checkInNode(folder) {
  const { build, transformSync } = await import('esbuild');
  const source = readFileSync(join(alone, 'toy.ts'), 'utf8');
  writeFileSync(join(folder, 'toy.ts'), source);
  const report = 'train().then((losses) => console.log(JSON.stringify(losses)));';
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
    console.error(`  ${expectLearned(name, JSON.parse(output.trim().split('\n').pop()))}`);
  }
}

/** The toy and the reference vectors in headless Chromium. */
export async function checkInBrowser(folder) {
  // The wasm engine is no part of @tensorflow/tfjs.
  await expectRun('npm', ['i', '--no-audit', '--no-fund', `@tensorflow/tfjs-backend-wasm@${version}`], { cwd: folder });
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
    // Everything from what was installed alone, so that it is what is tested, and once only.
    alias: Object.fromEntries(
      ['@cxr-align/losses', ...['', '-core', '-backend-wasm'].map((part) => `@tensorflow/tfjs${part}`)].map((name) => [
        name,
        join(modules, name),
      ]),
    ),
    nodePaths: [modules],
  });
  const golden = join(root, 'tools/golden');
  const cases = readdirSync(golden)
    .filter((file) => file.startsWith('losses_'))
    .flatMap((file) => JSON.parse(readFileSync(join(golden, file), 'utf8')).cases);
  const types = { '.js': 'text/javascript', '.wasm': 'application/wasm', '.html': 'text/html' };
  const server = createServer((request, response) => {
    const name = basename(request.url ?? '');
    const file = name.endsWith('.wasm')
      ? join(modules, '@tensorflow/tfjs-backend-wasm/dist', name)
      : join(folder, name);
    if (name === '')
      return response.writeHead(200, { 'content-type': 'text/html' }).end('<script src="page.js"></script>');
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
  } finally {
    await browser.close();
    server.close();
  }
}

/** What the losses are used beside. */
export const besideLosses = [`@tensorflow/tfjs@${version}`];

if (process.argv[1] === join(root, 'tools/scripts/losses-alone.mjs')) {
  const folder = mkdtempSync(join(tmpdir(), 'losses-alone-'));
  await installAlone('losses', folder, besideLosses);
  await checkInNode(folder);
  const reason = browserMissing();
  if (reason) console.error(`  browser: skipped (${reason})`);
  else await checkInBrowser(folder);
  rmSync(folder, { recursive: true, force: true });
}
