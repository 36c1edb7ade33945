// npm run test:full: what is too slow for every day. Each check runs in a folder of its own.
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { browserMissing, runInBrowser, runScripts } from './browser.mjs';
import { writeHostilePages } from './hostile-pages.mjs';
import { checkPages } from './pages.mjs';
import { checkPackages } from './check-packages.mjs';
import { programsMissing } from './debian-packages.mjs';
import {
  checkInBrowser,
  checkInNode,
  checkTypes,
  installAlone,
  installLosses,
  tensorflowRange,
} from './losses-alone.mjs';
import { hasBitsOfReadme, tableIn } from './start-table.mjs';
import { audit, billOfMaterials } from './supply-chain.mjs';
import { follow, readWalkThroughs } from './walk-throughs.mjs';
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
    results.push({ name, outcome: reason ? 'skipped' : 'passed' });
    console.error(reason ? `skipped (${reason})` : `passed (${Math.round((Date.now() - began) / 1000)} s)`);
  } catch (error) {
    results.push({ name, outcome: 'failed', message: error.message });
    console.error(`FAILED\n${error.message}`);
  }
}

/** A clean copy of what git tracks, as a stranger's clone has it. */
async function cleanClone(name) {
  const folder = join(place, name);
  await expectRun('git', ['clone', '--quiet', '--no-hardlinks', root, folder]);
  return folder;
}

/** The program of a line of Node: this one, or the newest of the registry; undefined where it has none for this machine. */
async function nodeOf(major) {
  if (process.versions.node.split('.')[0] === major) return process.execPath;
  const folder = join(place, `node-${major}-program`);
  mkdirSync(folder);
  const { code, output } = await capture(
    'npm',
    ['pack', '--silent', `node-${process.platform}-${process.arch}@${major}`],
    {
      cwd: folder,
    },
  );
  if (code !== 0) return undefined;
  await expectRun('tar', ['-xzf', output.trim().split('\n').at(-1)], { cwd: folder });
  return join(folder, 'package/bin/node');
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

await check('the packed packages: publint, are-the-types-wrong, imports, types with skipLibCheck: false', async () => {
  const findings = await checkPackages();
  if (findings.length > 0) throw new Error(findings.join('\n'));
});
await check(
  'the bill of materials names licence and hash of all that ships',
  async () => void (await billOfMaterials()),
);
// What the registry knows changes from day to day without a change of ours: it is reported here, and fails `npm run supply-chain`.
await check('npm audit: no known faults of high level', async () => {
  const { faults, unreachable } = await audit();
  return (
    unreachable ?? (faults.length > 0 ? `KNOWN FAULTS, see npm run supply-chain: ${faults.join('; ')}` : undefined)
  );
});
await check('the changesets name packages that exist, and give them versions', async () => {
  const folder = await cleanClone('changesets');
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  await expectRun(process.execPath, [join(root, 'node_modules/@changesets/cli/bin.js'), 'version'], { cwd: folder });
  rmSync(folder, { recursive: true, force: true });
});

for (const version of tensorflowRange) {
  await check(
    `@cxr-align/losses alone beside TensorFlow.js ${version}: CommonJS, ES modules, TypeScript, model.fit, all reference vectors`,
    async () => {
      const folder = join(place, 'alone-losses', version);
      await installLosses(folder, version);
      await checkInNode(folder);
    },
  );
}
await check('@cxr-align/losses in headless Chromium: wasm and webgl, all reference vectors, script tags', async () => {
  const reason = browserMissing();
  if (reason) return reason;
  await checkInBrowser(join(place, 'alone-losses', tensorflowRange[tensorflowRange.length - 1]));
});

for (const [name, script] of Object.entries({
  metrics: `
    import { auroc } from '@cxr-align/metrics';
    if (auroc([0, 1, 1, 0], [0.1, 0.9, 0.2, 0.3]) !== 0.75) throw new Error('wrong');`,
  'label-graph': `
    import { LabelGraph } from '@cxr-align/label-graph';
    import { chexpert14 } from '@cxr-align/label-graph/sets/chexpert-14';
    if (new LabelGraph(chexpert14).ancestors('Pneumonia').length !== 2) throw new Error('wrong');`,
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

await check('a bundle of the label graph core has no file format, no graphology and one label set', async () => {
  const { build } = await import('esbuild');
  const contents = `
    import { LabelGraph } from '@cxr-align/label-graph';
    import { chexpert14 } from '@cxr-align/label-graph/sets/chexpert-14';
    console.log(new LabelGraph(chexpert14).labels.length);`;
  const { metafile } = await build({
    stdin: { contents, resolveDir: join(place, 'alone-label-graph') },
    bundle: true,
    write: false,
    minify: true,
    metafile: true,
    platform: 'browser',
    logLevel: 'error',
  });
  const inputs = Object.keys(metafile.inputs);
  const strange = inputs.filter((file) => /node_modules\/(?!@cxr-align\/label-graph\/)/.test(file));
  const [{ bytes }] = Object.values(metafile.outputs);
  if (strange.length > 0 || bytes > 40_000) throw new Error(`${bytes} bytes, with ${strange.join(', ')}`);
});
await check('the browser files of metrics and label-graph, in headless Chromium without a bundler', async () => {
  const reason = browserMissing();
  if (reason) return reason;
  const files = ['metrics', 'label-graph'].map((name) =>
    join(place, `alone-${name}/node_modules/@cxr-align/${name}/dist/${name}.browser.js`),
  );
  const found = await runScripts(
    files,
    `[
      cxrAlign.metrics.auroc([0, 1, 1, 0], [0.1, 0.9, 0.2, 0.3]),
      cxrAlign.metrics.bootstrapP(
        cxrAlign.metrics.bootstrapRanking(
          [new cxrAlign.metrics.RankedScores([0, 1, 1, 0], [1, 4, 2, 3])], cxrAlign.metrics.clusterRows([1, 2, 3, 4]), { resamples: 9 },
        ).auroc.macro),
      ...new cxrAlign.labelGraph.LabelGraph(cxrAlign.labelGraph.builtInLabelSets[0]).ancestors('Pneumonia'),
    ].join()`,
  );
  if (found !== '0.75,0,Consolidation,Lung Opacity') throw new Error(found);
});

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
    const text = readFileSync(join(place, out, 'evaluation.json'), 'utf8');
    // The engine is named with its threads.
    evaluations.push(text.replace(/, \d threads?\)/, ')'));
  }
  if (new Set(evaluations).size !== 1) throw new Error('they differ');
});

// The oldest, the one before the newest and the newest line with long-term support; one of them runs this script.
for (const major of ['20', '22', '24']) {
  await check(
    `Node ${major}: train, predict, graph, and the tests of files, tables, metrics and label graphs`,
    async () => {
      const node = await nodeOf(major);
      if (node === undefined) return `the registry has no node-${process.platform}-${process.arch}@${major} to offer`;
      const out = join(place, `node-${major}`);
      const run = (...args) => expectRun(node, args);
      await run(cxrAlign, 'train', '--data', tiny, '--out', out, ...quick, '--engine', 'wasm');
      const [line] = (await run(cxrAlign, 'predict', '--run', out, join(tiny, 'images'), '--engine', 'wasm')).split(
        '\n',
      );
      if (!line.includes('"probability"')) throw new Error(line);
      await run(cxrAlign, 'graph', 'matrix', '--graph', 'chexpert-14', '--kind', 'wu-palmer');
      // npm test has run them with this one.
      if (node === process.execPath) return;
      const rooms = ['files', 'datasets', 'metrics', 'label-graph', 'evaluation'].map((name) => `packages/${name}/`);
      const jest = ['--experimental-vm-modules', '--no-warnings', 'node_modules/jest/bin/jest.js', ...rooms];
      console.error(/^Tests:.*/m.exec(await run(...jest))[0]);
    },
  );
}

await check('paths with blanks and letters of other scripts, LANG=C, no home, one processor', async () => {
  const [data, out] = ['Röntgen bilder – 胸', 'ein Lauf – é'].map((name) => join(place, name));
  cpSync(tiny, data, { recursive: true });
  const odd = { LANG: 'C', LC_ALL: 'C', HOME: join(place, 'no such home') };
  const args = [cxrAlign, 'train', '--data', data, '--out', out, ...quick, '--engine', 'wasm'];
  const oneProcessor = (await capture('taskset', ['-c', '0', 'true'])).code === 0 ? ['taskset', '-c', '0'] : [];
  const [program, ...before] = [...oneProcessor, process.execPath];
  await expectRun(program, [...before, ...args], { env: odd });
  const scores = (folder) => JSON.parse(readFileSync(join(folder, 'evaluation.json'), 'utf8')).labels;
  if (JSON.stringify(scores(out)) !== JSON.stringify(scores(join(place, 'c')))) throw new Error('other scores');
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

for (const walkThrough of readWalkThroughs())
  await check(`CONTRIBUTING.md: ${walkThrough.title}, followed to the letter on a copy`, () => follow(walkThrough));

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
  const marks = ['describeBackends(', 'describeTensorflow(', 'TEST_BACKENDS'];
  const files = (await expectRun('git', ['grep', '-lF', ...marks.flatMap((mark) => ['-e', mark]), '--', '*.test.ts']))
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

await check(
  'npm run orthanc: studies from and to a real archive, both killed in between, none lost, none twice',
  async () => {
    const reason = programsMissing(['Orthanc'], ['orthanc', 'orthanc-dicomweb']);
    if (reason) return reason;
    await expectRun(process.execPath, ['tools/scripts/orthanc.mjs', '24']);
  },
);
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

await check(
  'pages in headless Chromium: three widths, light and dark, no network, nothing clipped or too small',
  async () => {
    const reason = browserMissing();
    if (reason) return reason;
    const file = (name) => join(place, `${name}.html`);
    const make = (...args) => expectRun(process.execPath, [cxrAlign, ...args]);
    await make('data', 'describe', '--data', tiny, '--check-images', '--html', file('data'));
    await make('data', 'compare', tiny, tiny, '--html', file('two'));
    await make('graph', 'show', '--graph', 'chexpert-14', '--data', tiny, '--html', file('graph'));
    await make('compare', join(place, 'a'), join(place, 'a'), '--out', join(place, 'compared'));
    await writeHostilePages(join(place, 'hostile'));
    const faults = await checkPages([
      ...[
        'a',
        'compared',
        'hostile/many',
        'hostile/one',
        'hostile/compared',
        'hostile/ablation',
        'hostile/seeds',
        'hostile/search',
        'hostile/search-one',
      ].map((run) => join(place, run, 'report.html')),
      ...['data', 'two', 'graph'].map(file),
    ]);
    if (Object.keys(faults).length > 0) throw new Error(JSON.stringify(faults, null, 1));
  },
);

await check(
  'the documentation: links, code blocks, every page in headless Chromium, small, wide and dark',
  async () => {
    const docs = await capture(process.execPath, ['apps/docs/src/main.mjs', '--no-build', '--check']);
    if (docs.code !== 0) throw new Error(docs.output);
    console.error(docs.output.trim());
    return /^skipped: (.*)$/m.exec(docs.output)?.[1];
  },
);

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
    // One wasm kernel computes the same bits on every machine.
    if (hasBitsOfReadme && tableIn(output) !== tableIn(readFileSync(join(root, 'README.md'), 'utf8')))
      throw new Error(`the README has another table; npm start -- --readme replaces it:\n${tableIn(output)}`);
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
const count = (outcome) => results.filter((result) => result.outcome === outcome).length;
// Once more at the end, where a log that is cut keeps it.
for (const { name, outcome, message } of results)
  if (outcome === 'failed') console.log(`FAILED: ${name}\n${message.slice(-1500)}`);
console.log(`${count('passed')} passed, ${count('failed')} failed, ${count('skipped')} skipped`);
process.exit(count('failed') > 0 ? 1 : 0);
