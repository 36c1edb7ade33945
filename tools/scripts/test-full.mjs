// npm run test:full: what is too slow for every day. Each check runs in a folder of its own.
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { browserMissing, readPage, runInBrowser } from './browser.mjs';
import { programsMissing } from './debian-packages.mjs';
import { besideLosses, checkInBrowser, checkInNode, checkTypes, installAlone } from './losses-alone.mjs';
import { buildIfNeeded, capture, expectRun, installIfNeeded, root } from './workspace.mjs';

installIfNeeded();
await buildIfNeeded();
const place = mkdtempSync(join(tmpdir(), 'full-'));
const results = [];

/** Runs one check and says how it went; a check that returns a text was skipped for that reason. */
async function check(name, work) {
  process.stderr.write(`${name} … `);
  const began = Date.now();
  try {
    const reason = await work();
    results.push(reason ? 'skipped' : 'passed');
    console.error(reason ? `skipped (${reason})` : `passed (${Math.round((Date.now() - began) / 1000)} s)`);
  } catch (error) {
    results.push('failed');
    console.error(`FAILED\n${error.message}`);
  }
}

/** A clean copy of what git tracks, as a stranger's clone has it. */
async function cleanClone(name) {
  const folder = join(place, name);
  await expectRun('git', ['clone', '--quiet', '--no-hardlinks', root, folder]);
  return folder;
}

for (const version of ['10', '11']) {
  await check(`npm ci with npm ${version}, empty cache, clean clone`, async () => {
    const folder = await cleanClone(`npm${version}`);
    const env = { npm_config_cache: join(place, `cache${version}`) };
    await expectRun('npx', ['--yes', `npm@${version}`, 'ci', '--no-audit', '--no-fund'], { cwd: folder, env });
    await expectRun(process.execPath, ['-e', "require('sharp'); require('@tensorflow/tfjs-core')"], { cwd: folder });
    rmSync(folder, { recursive: true, force: true });
  });
}

await check('@cxr-align/losses trains a toy alone: CommonJS, ES modules, TypeScript', async () => {
  const folder = join(place, 'alone-losses');
  await installAlone('losses', folder, besideLosses);
  await checkInNode(folder);
});
await check('@cxr-align/losses in headless Chromium, wasm and webgl, all reference vectors', async () => {
  const reason = browserMissing();
  if (reason) return reason;
  await checkInBrowser(join(place, 'alone-losses'));
});

for (const [name, script] of Object.entries({
  metrics: `
    import { auroc } from '@cxr-align/metrics';
    if (auroc([0, 1, 1, 0], [0.1, 0.9, 0.2, 0.3]) !== 0.75) throw new Error('wrong');`,
  'label-graph': `
    import { LabelGraph, labelSet } from '@cxr-align/label-graph';
    if (new LabelGraph(labelSet('chexpert-14')).ancestors('Pneumonia').length !== 2) throw new Error('wrong');`,
})) {
  await check(`@cxr-align/${name} installs and runs alone`, async () => {
    const folder = join(place, `alone-${name}`);
    await installAlone(name, folder, []);
    writeFileSync(join(folder, 'esm.mjs'), script);
    await expectRun(process.execPath, ['esm.mjs'], { cwd: folder });
    await expectRun(
      process.execPath,
      ['-e', `const all = require('@cxr-align/${name}'); if (Object.keys(all).length < 3) throw new Error('empty')`],
      { cwd: folder },
    );
    writeFileSync(
      join(folder, 'types.ts'),
      `import * as all from '@cxr-align/${name}';\nconst names: string[] = Object.keys(all);\nexport default names;\n`,
    );
    for (const moduleResolution of ['bundler', 'node16']) await checkTypes(folder, 'types.ts', moduleResolution);
  });
}

await check(
  '@cxr-align/label-graph in headless Chromium: every file format, drafts, crosswalks, matrices',
  async () => {
    const reason = browserMissing();
    if (reason) return reason;
    const script = readFileSync(join(root, 'tools/scripts/alone/label-graph-page.mjs'), 'utf8');
    const said = await runInBrowser(join(place, 'alone-label-graph'), script, 'tryLabelGraph');
    if (said !== 'json yaml gexf graphml, 14 drafted, 193 labels in 11 sets, Mass Nodule') throw new Error(said);
  },
);

const cxrAlign = join(root, 'apps/trainer/bin/cxr-align.js');
const tiny = join(place, 'tiny');
const quick = ['--set', 'epochs=2', '--set', 'image.size=32', '--set', 'bootstrap=100'];
const train = (out, options, ...more) =>
  expectRun(
    process.execPath,
    [cxrAlign, 'train', '--data', tiny, '--out', join(place, out), ...quick, ...more],
    options,
  );

await check('two runs with one seed give the same evaluation.json, with one thread or two', async () => {
  await expectRun(process.execPath, [
    cxrAlign,
    'phantom',
    '--out',
    tiny,
    '--images',
    '240',
    '--seed',
    '3',
    '--size',
    '64',
  ]);
  const evaluations = [];
  for (const [out, threads] of [
    ['a', '2'],
    ['b', '2'],
    ['c', '1'],
  ]) {
    await train(out, {}, '--engine', 'wasm', '--threads', threads);
    evaluations.push(readFileSync(join(place, out, 'evaluation.json'), 'utf8'));
  }
  if (new Set(evaluations).size !== 1) throw new Error('they differ');
});

await check('export-encoder writes a network of random weights, extract and train take it', async () => {
  const python = process.env.CXR_PYTHON ?? 'python3';
  const there = await capture(python, ['-c', 'import torch, torchvision, onnx']);
  if (there.code !== 0) return `${python} has not all of torch, torchvision, onnx; CXR_PYTHON names another`;
  const [encoder, store] = [join(place, 'encoder'), join(place, 'store')];
  const script = join(root, 'tools/export-encoder/export_encoder.py');
  await expectRun(python, [script, 'torchvision:resnet18', '--random', '--out', encoder]);
  const flags = ['--data', tiny, '--encoder', encoder, '--out', store, '--map'];
  await expectRun(process.execPath, [cxrAlign, 'extract', ...flags]);
  await train('exported', {}, '--features', store);
});

await check('npm run setup:native; on native, every test that runs on wasm, and two runs with one seed', async () => {
  const env = { CXR_ALIGN_CACHE: join(place, 'native') };
  const setUp = (...args) => capture('npm', ['run', '--silent', 'setup:native', '--', ...args], { env });
  const { code, output } = await setUp();
  const outOfReach =
    /.*(No matching distribution|ENOTFOUND|EAI_AGAIN|ECONNREFUSED|expected the tools|expected pip).*/.exec(output);
  if (code !== 0 && outOfReach) return `native: ${outOfReach[0].trim()}`;
  if (code !== 0 || !/is set up; it agrees with the cpu engine to/.test(output)) throw new Error(output);
  const again = await setUp();
  if (!again.output.includes('is set up already: nothing to do')) throw new Error(again.output);
  const files = (
    await expectRun('git', ['grep', '-l', '-e', 'describeBackends(', '-e', 'TEST_BACKENDS', '--', '*.test.ts'])
  )
    .trim()
    .split('\n');
  const jest = ['--experimental-vm-modules', '--no-warnings', 'node_modules/jest/bin/jest.js', ...files];
  const tests = await expectRun(process.execPath, jest, { env: { ...env, TEST_BACKENDS: '=native' } });
  console.error(/^Tests:.*/m.exec(tests)[0]);
  const evaluations = [];
  for (const out of ['native-a', 'native-b']) {
    const said = await train(out, { env }, '--engine', 'native');
    if (/oneDNN|absl/.test(said)) throw new Error(said);
    evaluations.push(readFileSync(join(place, out, 'evaluation.json'), 'utf8'));
  }
  if (new Set(evaluations).size !== 1) throw new Error('they differ');
  const removed = await setUp('--remove');
  if (!removed.output.includes('removed native') || existsSync(join(place, 'native', 'native')))
    throw new Error(removed.output);
});

await check('npm run setup:webgpu; the reference vectors on it, on the software adapter of Chromium', async () => {
  const chromium = '/usr/lib/chromium';
  const adapter = join(chromium, 'vk_swiftshader_icd.json');
  if (!existsSync(adapter)) return `webgpu: no ${adapter} (Debian: apt-get install chromium)`;
  const env = {
    CXR_ALIGN_CACHE: join(place, 'webgpu'),
    VK_ICD_FILENAMES: adapter,
    LD_LIBRARY_PATH: chromium,
    XDG_RUNTIME_DIR: place,
  };
  const { code, output } = await capture('npm', ['run', '--silent', 'setup:webgpu'], { env });
  const outOfReach = /.*(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|E404).*/.exec(output);
  if (code !== 0 && outOfReach) return `webgpu: ${outOfReach[0].trim()}`;
  // auto takes no software adapter, and Dawn is silent where Vulkan has no driver; asked for by name, it starts.
  if (code !== 0 || !output.includes('only a software adapter answers')) throw new Error(output);
  const doctor = [cxrAlign, 'doctor'];
  for (const without of [{ LD_LIBRARY_PATH: '' }, { VK_ICD_FILENAMES: '' }]) {
    const said = await expectRun(process.execPath, doctor, { env: { ...env, ...without } });
    if (/vkCreateInstance|Couldn't load/.test(said)) throw new Error(said);
  }
  const golden = [join(root, 'tools/golden/dist/main.js'), '--engine', 'webgpu'];
  const said = await expectRun(process.execPath, golden, { env });
  console.error(/^\d+ passed.*/m.exec(said)[0]);
});

await check('DICOM files of dcmtk and gdcm, in every transfer syntax that they write', async () => {
  const reason = programsMissing(
    ['dcmconv', 'dcmcjpeg', 'dcmcjpls', 'dcmcrle', 'gdcmconv'],
    ['dcmtk', 'libgdcm-tools'],
  );
  if (reason) return reason;
  const jest = ['--experimental-vm-modules', '--no-warnings', 'node_modules/jest/bin/jest.js', 'decode-dicom'];
  const tests = await expectRun(process.execPath, jest);
  console.error(/^Tests:.*/m.exec(tests)[0]);
  if (/skipped: .*not on this machine/.test(tests)) throw new Error(tests);
});

await check('the report of a run in headless Chromium: no script, no network, readable on a phone', async () => {
  const reason = browserMissing();
  if (reason) return reason;
  const page = await readPage(join(place, 'a', 'report.html'));
  const { errors, requests, scripts, unnamedFigures, headerCells, unreachable, widerThanScreen, headings } = page;
  const isSound =
    [...errors, ...requests].length + scripts + unnamedFigures + headerCells + unreachable === 0 &&
    !widerThanScreen &&
    page.figures > 5 &&
    page.tables === page.tablesWithCaption &&
    ['Scores', 'Calibration', 'Groups', 'Training', 'Labels', 'Model card'].every((name) => headings.includes(name));
  if (!isSound) throw new Error(JSON.stringify(page));
  const about = join(place, 'data.html');
  await expectRun(process.execPath, [cxrAlign, 'data', 'describe', '--data', tiny, '--check-images', '--html', about]);
  const data = await readPage(about);
  if ([...data.errors, ...data.requests].length + data.scripts + data.unnamedFigures > 0 || data.widerThanScreen)
    throw new Error(JSON.stringify(data));
});

await check(
  'npm start in a clean clone with an empty cache ends with its table, a second one installs and builds nothing',
  async () => {
    if (process.env.CXR_SKIP_START) return 'CXR_SKIP_START is set';
    const folder = await cleanClone('start');
    const env = { npm_config_cache: join(place, 'cache-start') };
    const output = await expectRun('npm', ['start'], { cwd: folder, env });
    if (!/^macro .*\d\.\d{3}/m.test(output) || !existsSync(join(folder, 'runs/start/comparison/report.html')))
      throw new Error(output.slice(-3000));
    cpSync(join(folder, 'runs/start/comparison/comparison.json'), join(place, 'comparison.json'));
    const { macro } = JSON.parse(readFileSync(join(place, 'comparison.json'), 'utf8'));
    if (!(macro.aurocB > 0.75 && macro.aurocB < 0.97))
      throw new Error(`expected a macro AUROC of the aligned model in (0.75, 0.97), got ${macro.aurocB}`);
    const again = await expectRun(
      process.execPath,
      [
        '-e',
        "import('./tools/scripts/workspace.mjs').then(async (w) => { w.installIfNeeded(); await w.buildIfNeeded(); })",
      ],
      { cwd: folder, env },
    );
    if ((again.match(/nothing to do/g) ?? []).length !== 2) throw new Error(again);
  },
);

rmSync(place, { recursive: true, force: true });
const count = (outcome) => results.filter((result) => result === outcome).length;
console.log(`${count('passed')} passed, ${count('failed')} failed, ${count('skipped')} skipped`);
process.exit(count('failed') > 0 ? 1 : 0);
