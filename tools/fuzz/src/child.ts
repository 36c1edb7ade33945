// The process that feeds inputs to one parser; it tells its parent of each, so that one that hangs is known.
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import fc from 'fast-check';
import { inputOf, recipes, type Recipe } from './input.js';
import { judge, type Verdict } from './judge.js';
import { parserNamed } from './parsers.js';

/** What a child is asked for. */
export interface Task {
  parser: string;
  seed: number;
  runs: number;
  /** The first input; earlier ones are left out. */
  from: number;
  /** Folder that inputs with findings are written to. */
  out: string;
}

/** What a child tells: before an input, and what became of it. */
export type Message = { before: number } | ({ index: number } & Verdict);

/** Recipes that are drawn together. */
const batch = 250;

process.once('message', (task) => {
  feed(task as Task).then(
    () => process.exit(0),
    (error: unknown) => {
      process.stderr.write(`${String((error as Error).stack ?? error)}\n`);
      process.exit(1);
    },
  );
});

async function feed({ parser: name, seed, runs, from, out }: Task): Promise<void> {
  const parser = parserNamed(name);
  const folder = mkdtempSync(join(tmpdir(), `fuzz-${name}-`));
  const seeds = await parser.seeds();
  await parser.prepare?.(folder);
  // What is loaded once is not counted against the first input.
  const firsts: Verdict[] = [];
  for (const bytes of seeds) firsts.push(await judge(parser, folder, bytes));
  if (!firsts.some(({ kind }) => kind === 'accepted'))
    throw new Error(`fuzz: expected ${name} to accept a valid file, got ${firsts[0].kind} ${firsts[0].reason ?? ''}`);
  const found = new Map<string, number>();
  let drawn: Recipe[] = [];
  for (let index = from; index < runs; index++) {
    const [group, at] = [Math.floor(index / batch), index % batch];
    if (at === 0 || index === from)
      drawn = fc.sample(recipes(parser.grammar), {
        seed: seed + group,
        numRuns: Math.min(batch, runs - group * batch),
      });
    const bytes = inputOf(drawn[at], { ...parser, seeds });
    process.send!({ before: index } satisfies Message);
    const verdict = await judge(parser, folder, bytes);
    process.send!({ index, ...verdict } satisfies Message);
    if (verdict.reason === undefined) continue;
    const key = `${verdict.kind} ${verdict.reason.replace(/"[^"]*"|\d+/g, '#').slice(0, 160)}`;
    found.set(key, (found.get(key) ?? 0) + 1);
    if (found.get(key)! > 2) continue;
    const place = join(out, name);
    mkdirSync(place, { recursive: true });
    writeFileSync(join(place, `${seed}-${index}-${basename(parser.file)}`), bytes);
    writeFileSync(
      join(place, `${seed}-${index}.txt`),
      `${verdict.kind}: ${verdict.reason}\n${recipeText(drawn[at])}\n`,
    );
  }
}

function recipeText(recipe: Recipe): string {
  try {
    return JSON.stringify(recipe, (_, value: unknown) =>
      typeof value === 'bigint' ? `0x${value.toString(16)}` : value,
    );
  } catch {
    return 'a recipe with values nested too deeply to be written';
  }
}
