import { fileURLToPath } from 'node:url';
import { engineNames, startEngine, type EngineName } from '@cxr-align/engine';
import { checkFolder, type CaseResult } from './check.js';

/** `npm run golden -- [DIR] [--engine NAME] [--json]`: exit code 1 if a case misses, 2 on wrong usage. */
async function main(args: string[]): Promise<number> {
  const json = args.includes('--json');
  const at = args.indexOf('--engine');
  const name = at < 0 ? 'auto' : args[at + 1];
  const folders = args.filter((arg, i) => !arg.startsWith('--') && (at < 0 || i !== at + 1));
  if (name !== 'auto' && !engineNames.includes(name as EngineName)) {
    console.error(`expected --engine auto, ${engineNames.join(', ')}, got ${name}`);
    return 2;
  }
  const engine = await startEngine(name as EngineName | 'auto');
  const results = await checkFolder(folders[0] ?? fileURLToPath(new URL('..', import.meta.url)));
  const missed = results.filter(({ misses }) => misses.length > 0);
  const summary = { engine: engine.name, passed: results.length - missed.length, failed: missed.length };
  if (json) console.log(JSON.stringify({ ...summary, description: engine.description, files: byFile(results), misses: missed }));
  else {
    for (const { file, id, misses } of missed) console.log(`${file} ${id}: ${misses.join('; ')}`);
    console.log(`${summary.passed} passed, ${summary.failed} failed`);
  }
  return missed.length > 0 || results.length === 0 ? 1 : 0;
}

/** How many cases of each file pass, and how many there are. */
function byFile(results: readonly CaseResult[]): Record<string, { passed: number; cases: number }> {
  const files: Record<string, { passed: number; cases: number }> = {};
  for (const { file, misses } of results) {
    files[file] ??= { passed: 0, cases: 0 };
    files[file].cases++;
    if (misses.length === 0) files[file].passed++;
  }
  return files;
}

main(process.argv.slice(2)).then(
  (code) => process.exit(code),
  (error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exit(2);
  },
);
