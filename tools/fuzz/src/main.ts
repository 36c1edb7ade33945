import { mkdirSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { feedParser, type Counts } from './feed.js';
import { parserNamed, parsers } from './parsers.js';

const shortOnes = (): string =>
  parsers.flatMap(({ name, mostRuns }) => (mostRuns === undefined ? [] : [`${mostRuns} for ${name}`])).join(', ');

const usage = `npm run fuzz [-- --parser NAME …] [--runs N] [--seed N] [--jobs N] [--out DIR] [--json]

Feeds changed valid files to every parser, each in a process of its own. Exit code 1 if one of them throws anything but an error
of its input with the file's name, is slow, takes too much memory, hangs or ends its process.

  --parser  a parser; all unless given: ${parsers.map(({ name }) => name).join(', ')}
  --runs    inputs for each (at most ${shortOnes()}). Default 10000
  --seed    of the inputs. Default that of the day
  --jobs    parsers at a time. Default 2
  --out     folder for inputs with findings. Default fuzz-findings
  --json    the counts as JSON`;

const { values: flags } = parseArgs({
  options: {
    parser: { type: 'string', multiple: true },
    runs: { type: 'string', default: '10000' },
    seed: { type: 'string', default: String(Math.floor(Date.now() / 86_400_000)) },
    jobs: { type: 'string', default: '2' },
    out: { type: 'string', default: 'fuzz-findings' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

const heads = ['inputs', 'accepted', 'refused', 'faults', 'slow', 'memory', 'hangs', 'crashes'] as const;

function line({ parser, slowestMs, mostMiB, ...counts }: Counts): string {
  return [
    parser.padEnd(32),
    ...heads.map((head) => String(counts[head]).padStart(9)),
    `${Math.round(slowestMs)}`.padStart(9),
    `${Math.round(mostMiB)}`.padStart(9),
  ].join('');
}

function isSound({ faults, slow, memory, hangs, crashes }: Counts): boolean {
  return faults + slow + memory + hangs + crashes === 0;
}

async function main(): Promise<void> {
  const [runs, seed, jobs] = [flags.runs, flags.seed, flags.jobs].map(Number);
  const names = flags.parser ?? parsers.map(({ name }) => name);
  mkdirSync(flags.out, { recursive: true });
  process.stderr.write(`seed ${seed}, ${runs} inputs for each of ${names.length} parsers\n`);
  process.stderr.write(
    ['parser'.padEnd(32), ...[...heads, 'ms', 'MiB'].map((head) => head.padStart(9)), '\n'].join(''),
  );
  const found: Counts[] = [];
  const waiting = [...names];
  const work = async (): Promise<void> => {
    for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) {
      const { mostRuns = Infinity } = parserNamed(name);
      const counts = await feedParser({ parser: name, runs: Math.min(runs, mostRuns), seed, out: flags.out });
      found.push(counts);
      process.stderr.write(`${line(counts)}\n`);
      if (!isSound(counts)) process.stderr.write(`${counts.reasons.map((reason) => `  ${reason}\n`).join('')}`);
    }
  };
  await Promise.all(Array.from({ length: jobs }, work));
  if (flags.json) process.stdout.write(`${JSON.stringify({ seed, runs, parsers: found }, null, 2)}\n`);
  const total = found.reduce((sum, { inputs }) => sum + inputs, 0);
  const bad = found.filter((counts) => !isSound(counts)).map(({ parser }) => parser);
  process.stderr.write(`${total} inputs, ${bad.length === 0 ? 'no finding' : `findings in ${bad.join(', ')}`}\n`);
  process.exitCode = bad.length === 0 ? 0 : 1;
}

if (flags.help) process.stdout.write(`${usage}\n`);
else await main();
