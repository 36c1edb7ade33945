import { InputError } from '@cxr-align/files/input-error';
import yargs, { type MiddlewareFunction } from 'yargs';
import { hideBin } from 'yargs/helpers';
import { commands } from './commands/all.js';
import { printText } from './print.js';
import { CommandStopped } from './usage/command-stopped.js';
import { type CommandSyntax, refuseWrongValues, syntaxOf } from './usage/syntax.js';
import { version } from './version.js';

const line = hideBin(process.argv);
let syntax: CommandSyntax = {
  // Until yargs has parsed the flags: the words that go before them.
  name:
    line
      .slice(
        0,
        Math.max(
          0,
          line.findIndex((text) => text.startsWith('-')),
        ),
      )
      .join(' ') ||
    (line[0] ?? ''),
  flags: [],
  numbers: [],
  booleans: [],
  lists: [],
  commands: [],
};

/** Exit codes: 0 success, 1 a run that failed, 2 bad usage or bad input, 128 and its number where a signal stopped it. */
async function main(): Promise<void> {
  const parser = commands.reduce(
    (built, command) => built.command(command),
    yargs(line).parserConfiguration({ 'dot-notation': false }),
  );
  await parser
    .scriptName('cxr-align')
    .usage('$0 <command>\n\nFine-grained alignment of chest X-ray images with disease prompts. Not a medical device.')
    .version(version)
    .middleware(readSyntax as unknown as MiddlewareFunction, true)
    .demandCommand(1, 'expected a command; cxr-align --help lists them')
    .strict()
    .check((argv) => {
      refuseWrongValues(argv, syntax, line);
      return true;
    }, true)
    .middleware(loadPlugins)
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

// What cannot be said, as on a terminal that was closed, ends no work.
process.stderr.on('error', () => {});

main().then(
  // A wasm or native engine may hold threads that keep the process alive.
  () => end(Number(process.exitCode ?? 0)),
  async (error: unknown) => {
    if (error instanceof CommandStopped) {
      printText(`cxr-align: ${error.message}`, process.stderr);
      return end(error.reason.exitCode);
    }
    const { text, isUsage } = await describeError(error);
    printText(`cxr-align: ${text}`, process.stderr);
    if (process.env.CXR_DEBUG && error instanceof Error) printText(String(error.stack), process.stderr);
    end(isUsage ? 2 : 1);
  },
);

/** yargs calls this with itself, too, which its types leave out. */
function readSyntax(argv: { _: (string | number)[] }, parsed: unknown): void {
  syntax = syntaxOf(parsed, argv._);
}

/** Loads the modules of --plugin before the command runs. */
async function loadPlugins({ plugin }: Record<string, unknown>): Promise<void> {
  if (plugin === undefined) return;
  const { loadPlugin } = await import('@cxr-align/training');
  for (const file of plugin as string[]) await loadPlugin(file);
}

/** What is printed of an error, and whether it is the user's. */
async function describeError(error: unknown): Promise<{ text: string; isUsage: boolean }> {
  if (!(error instanceof Error)) return { text: String(error), isUsage: false };
  const [{ usageText }, { withFlagNames }] = await Promise.all([
    import('./usage/usage.js'),
    import('./usage/flag-names.js'),
  ]);
  if (isYargsUsage(error)) return { text: usageText(error.message, syntax, line), isUsage: true };
  const text = withFlagNames(error.message, syntax, line);
  const isInput = error instanceof InputError || error.name === 'EngineError';
  // A value that a library refuses came from the flag that the text now names.
  const isFlagValue = text !== error.message && /(^|: )expected --/.test(text);
  return { text: text || String(error.stack), isUsage: isInput || isFlagValue };
}

/** Ends the process once all that it printed has been taken: a pipe holds 64 KiB, and what comes after it waits in memory. */
function end(code: number): void {
  let open = 2;
  for (const stream of [process.stdout, process.stderr])
    stream.write('', () => {
      // Errors of writing are reported after this.
      if (--open === 0) setImmediate(() => process.exit(code));
    });
}

/** yargs reports wrong flags as plain errors: those thrown before any command has run. */
function isYargsUsage(error: Error): boolean {
  return (
    error.name === 'YError' ||
    /^(Unknown|Not enough|Missing|Invalid values|Too many|expected a? ?command|expected (graph|prompts|data) )/m.test(
      error.message,
    )
  );
}
