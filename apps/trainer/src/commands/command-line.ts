// What every command has. Nothing here loads TensorFlow.js or a package that reads data, so that a command without them starts fast.
import type { Progress } from '@cxr-align/training';
import type { Argv, ArgumentsCamelCase, Options } from 'yargs';
import { printJson, printText } from '../print.js';
import { stderrProgress } from '../progress-bars.js';

/** One command of `cxr-align`: its flags and its handler. `all.ts` has its name. */
export interface Command {
  builder: (yargs: Argv) => Argv<unknown>;
  handler: (flags: ArgumentsCamelCase<unknown>) => Promise<void>;
}

/** A subcommand. */
export interface CommandPart {
  command: string;
  describe: string;
  flags: Readonly<Record<string, Options>>;
  run: (flags: never) => void | Promise<void>;
}

/** A command with subcommands, such as `graph show`. */
export function commandGroup(name: string, parts: readonly CommandPart[]): Command {
  const names = parts.map(({ command }) => command.split(' ')[0]);
  return {
    builder: (yargs) =>
      parts
        .reduce(
          (built, { command, describe: words, flags, run }) =>
            built.command(
              command,
              words,
              (sub: Argv) => sub.options({ ...commonFlags, ...flags }),
              (given) => run(given as never),
            ),
          yargs,
        )
        .demandCommand(1, `expected ${name} ${names.slice(0, -1).join(', ')} or ${names.at(-1)}`),
    handler: async () => {},
  };
}

/** Prints a result on stdout: JSON with --json, else text. */
export function printResult(json: boolean, result: unknown, text: () => string): void {
  if (json) printJson(result);
  else printText(withDataFlags(text()));
}

/** What messages name by its option, by its flag. */
export function withDataFlags(text: string): string {
  return text
    .replaceAll('(dicomFields)', '(--dicom-fields)')
    .replaceAll('(anyModality)', '(--any-modality)')
    .replaceAll('relative to (images)', 'relative to (--images)');
}

/** Flags that every command has. */
export const commonFlags = {
  json: { type: 'boolean', default: false, describe: 'Print the result as JSON on stdout' },
  plugin: {
    type: 'string',
    array: true,
    describe: 'JavaScript module that adds losses, readers, encoders, label sets or prompt sets; repeat for more',
  },
} as const;

export const progress: Progress = stderrProgress();
