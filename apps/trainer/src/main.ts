import { InputError } from '@cxr-align/files';
import { EngineError } from '@cxr-align/engine';
import yargs, { type CommandModule } from 'yargs';
import { hideBin } from 'yargs/helpers';
import { ablate } from './commands/ablate.js';
import { compare } from './commands/compare.js';
import { dataCommand } from './commands/data/data.js';
import { doctor } from './commands/doctor.js';
import { evaluate } from './commands/evaluate.js';
import { extract } from './commands/extract.js';
import { graph } from './commands/graph/graph.js';
import { phantom } from './commands/phantom.js';
import { predict } from './commands/predict.js';
import { prompts } from './commands/prompts.js';
import { setup } from './commands/setup.js';
import { train } from './commands/train.js';

/** Exit codes: 0 success, 1 a run that failed, 2 bad usage or bad input. */
async function main(): Promise<void> {
  const commands = [
    train,
    evaluate,
    compare,
    ablate,
    predict,
    extract,
    phantom,
    dataCommand,
    graph,
    prompts,
    setup,
    doctor,
  ];
  const parser = commands.reduce(
    (built, command) => built.command(command as unknown as CommandModule),
    yargs(hideBin(process.argv)),
  );
  await parser
    .scriptName('cxr-align')
    .usage('$0 <command>\n\nFine-grained alignment of chest X-ray images with disease prompts. Not a medical device.')
    .demandCommand(1, 'expected a command; cxr-align --help lists them')
    .strict()
    .check(refuseRepeats, true)
    .recommendCommands()
    .wrap(Math.min(110, process.stdout.columns ?? 110))
    .fail(false)
    .parseAsync();
}

process.stdout.on('error', ({ code, message }: NodeJS.ErrnoException) => {
  // A reader that has enough, as `head` has, ends the command.
  if (code === 'EPIPE') process.exit();
  process.stderr.write(`cxr-align: the result could not be written: ${message}\n`);
  process.exit(1);
});

main().then(
  // A wasm or native engine may hold threads that keep the process alive.
  () => end(Number(process.exitCode ?? 0)),
  (error: unknown) => {
    const isUsage =
      error instanceof InputError ||
      error instanceof EngineError ||
      (error instanceof Error && error.name === 'YError') ||
      isYargsUsage(error);
    const text = error instanceof Error ? (isUsage ? error.message : error.message || error.stack) : String(error);
    process.stderr.write(`cxr-align: ${text}\n`);
    if (process.env.CXR_DEBUG && error instanceof Error) process.stderr.write(`${error.stack}\n`);
    end(isUsage ? 2 : 1);
  },
);

/** Ends the process once all that it printed has been taken: a pipe holds 64 KiB, and what comes after it waits in memory. */
function end(code: number): void {
  let open = 2;
  for (const stream of [process.stdout, process.stderr])
    stream.write('', () => {
      // Errors of writing are told after this.
      if (--open === 0) setImmediate(() => process.exit(code));
    });
}

/** yargs makes a list of a flag that comes twice, also where one value is expected; it passes all it knows of the options. */
function refuseRepeats(argv: Record<string, unknown>, options: object): true {
  const { array: lists } = options as { array: readonly string[] };
  const flags = hideBin(process.argv).map((text) =>
    // yargs takes --max-bad as --maxBad, too.
    /^--([^=]+)/.exec(text)?.[1].replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`),
  );
  const repeated = flags.find((flag, i) => flag !== undefined && !lists.includes(flag) && flags.indexOf(flag) < i);
  if (repeated === undefined) return true;
  const given = argv[repeated];
  throw new InputError(
    `expected --${repeated} once, got it twice${Array.isArray(given) ? `: ${given.join(', ')}` : ''}`,
  );
}

/** yargs reports wrong flags as plain errors: those thrown before any command has run. */
function isYargsUsage(error: unknown): boolean {
  return (
    error instanceof Error &&
    /^(Unknown|Not enough|Missing|Invalid values|Too many|Did you mean|expected a? ?command|expected (graph|prompts|data) )/m.test(
      error.message,
    )
  );
}
