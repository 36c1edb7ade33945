// node tools/scripts/package-tests.mjs [--affected] [--no-cache] [argument of jest …]: the tests of all packages, those of packages that
// differ from the main branch, and of packages that import them, first. A package whose tests passed before with the same inputs is not
// tested again, unless --no-cache is given, or CI is set. --affected: only what differs. Arguments of jest pick tests: every package is
// looked through, and no result is kept. Ends with a line "N passed, N failed, N skipped".
import { existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { affectedPackages, keepResult, knownResult, testedPackages } from './test-results.mjs';
import { buildIfNeeded, capture, root } from './workspace.mjs';

/** Runs the tests. @returns how many passed, failed and were skipped, those of kept results among them. */
export async function testPackages(given) {
  const options = ['--affected', '--no-cache'];
  const picked = given.filter((argument) => !options.includes(argument));
  const isInCi = Boolean(process.env.CI);
  const affected = isInCi || picked.length > 0 ? new Set() : await affectedPackages();
  const all = await testedPackages();
  const packages = given.includes('--affected') ? all.filter(({ name }) => affected.has(name)) : all;
  const takesKept = !isInCi && picked.length === 0 && !given.includes('--no-cache');
  const kept = new Map(takesKept ? packages.map((one) => [one, knownResult(one)]).filter(([, result]) => result) : []);
  const totals = { passed: 0, failed: 0, skipped: 0 };
  for (const result of kept.values()) add(totals, { ...result, failed: 0 });
  if (kept.size > 0)
    console.error(`cached: ${kept.size} of ${packages.length} packages passed before with the same inputs`);
  const toRun = packages.filter((one) => !kept.has(one));
  for (const isAffected of [true, false]) {
    const some = toRun.filter(({ name }) => affected.has(name) === isAffected);
    if (some.length === 0) continue;
    const names = some.map(({ name }) => name.replace('@cxr-align/', '')).join(', ');
    console.error(isAffected ? `tests of what differs: ${names} …` : `tests: ${names} …`);
    for (const result of await runTests(some, picked)) add(totals, result);
  }
  return totals;
}

function add(totals, { passed, failed, skipped }) {
  totals.passed += passed;
  totals.failed += failed;
  totals.skipped += skipped.length;
  for (const name of skipped) console.log(`skipped: ${name}`);
}

/** Tests some packages in one run of jest, and keeps the results of those that passed. */
async function runTests(packages, picked) {
  const report = join(mkdtempSync(join(tmpdir(), 'tests-')), 'report.json');
  const { code, output } = await capture(process.execPath, [
    '--experimental-vm-modules',
    '--no-warnings',
    'node_modules/jest/bin/jest.js',
    // jest leaves one processor idle, which is half of two.
    '--maxWorkers=100%',
    '--json',
    `--outputFile=${report}`,
    '--passWithNoTests',
    ...picked,
    '--projects',
    ...packages.map(({ folder }) => `${folder}/jest.config.mjs`),
  ]);
  // The JSON itself goes to the same stream; people read the part before it.
  if (code !== 0) console.error(output.split('\n{"numFailedTestSuites"')[0]);
  const { testResults } = existsSync(report) ? JSON.parse(readFileSync(report, 'utf8')) : { testResults: [] };
  const results = packages.map((one) => {
    const suites = testResults.filter(({ name }) => name.startsWith(join(root, one.folder) + sep));
    const tests = suites.flatMap(({ assertionResults }) => assertionResults);
    const count = (outcome) => tests.filter(({ status }) => status === outcome).length;
    const skipped = tests.filter(({ status }) => status === 'pending').map(({ fullName }) => fullName);
    const broken = suites.filter(({ status, assertionResults: own }) => status === 'failed' && own.length === 0);
    const result = { passed: count('passed'), failed: count('failed') + broken.length, skipped };
    if (suites.length > 0 && result.failed === 0 && picked.length === 0) keepResult(one, result);
    return result;
  });
  // A run that failed without a test that did.
  if (code !== 0 && results.every(({ failed }) => failed === 0)) results.push({ passed: 0, failed: 1, skipped: [] });
  return results;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  if (!process.env.CXR_NO_BUILD) await buildIfNeeded();
  const { passed, failed, skipped } = await testPackages(process.argv.slice(2));
  console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
  process.exit(failed > 0 ? 1 : 0);
}
