import { engineNames, startEngine, type Engine, type EngineName } from '@cxr-align/engine';
import { datasetFormats, type Projection } from '@cxr-align/datasets';
import type { Argv, ArgumentsCamelCase, Options } from 'yargs';
import { stderrProgress, type Progress } from '../progress.js';

/** One command of `cxr-align`: its flags, and what it does with them. */
export interface Command<Flags> {
  command: string | readonly string[];
  describe: string;
  builder: (yargs: Argv) => Argv<Flags>;
  handler: (flags: ArgumentsCamelCase<Flags>) => Promise<void>;
}

/** One of the commands below a command. */
export interface CommandPart {
  command: string;
  describe: string;
  flags: Readonly<Record<string, Options>>;
  run: (flags: never) => void | Promise<void>;
}

/** A command that has others below it, such as `graph show`. */
export function commandGroup(name: string, describe: string, parts: readonly CommandPart[]): Command<unknown> {
  const names = parts.map(({ command }) => command.split(' ')[0]);
  return {
    command: name,
    describe,
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

/** What a command prints: JSON for machines on stdout if asked for, else text for people on stdout. */
export function printResult(json: boolean, result: unknown, text: () => string): void {
  process.stdout.write(json ? `${JSON.stringify(result)}\n` : `${text()}\n`);
}

/** Flags that every command has. */
export const commonFlags = {
  json: { type: 'boolean', default: false, describe: 'Print the result as JSON on stdout' },
} as const;

/** Flags of commands that compute. */
export const engineFlags = {
  engine: { choices: ['auto', ...engineNames] as const, default: 'auto' as const, describe: 'What computes' },
  threads: { type: 'number', describe: 'Threads of the wasm engine; all processors unless given' },
} as const;

/** Flags of commands that read a data set. */
export const dataFlags = {
  data: { type: 'string', demandOption: true, describe: 'Folder, table or archive of the data set' },
  format: {
    type: 'string',
    default: 'auto',
    describe: `Layout of the data: auto, ${datasetFormats.join(', ')}`,
  },
  images: { type: 'string', describe: 'Folder that the image names of the table start from; beside the table' },
  projection: { choices: ['frontal', 'lateral'] as const, describe: 'Only images of this direction; all unless given' },
  'one-per-study': { type: 'boolean', default: false, describe: 'Only the first image of each study' },
  'max-bad': { type: 'number', default: 0.01, describe: 'Largest share of rows or images that may be unusable' },
  'allow-patient-overlap': { type: 'boolean', default: false, describe: 'Go on although a patient is in two splits' },
} as const;

/** What {@link dataFlags} give beside the data. */
export interface DataFlags {
  format: string;
  images?: string;
  projection?: Projection;
  onePerStudy: boolean;
  maxBad: number;
  allowPatientOverlap: boolean;
}

/** Flags of commands that take the features of a frozen encoder. */
export const encoderFlags = {
  encoder: {
    type: 'string',
    describe: 'Folder of a frozen image encoder (ONNX, TensorFlow.js, or a run); what is not in the store is encoded',
  },
  features: { type: 'string', describe: 'Feature store; features/ in the results unless given' },
} as const;

/** The flag of commands that may get a model from a hub. */
export const downloadFlag = {
  'allow-download': {
    type: 'boolean',
    default: false,
    describe: 'An encoder given as owner/name is downloaded from the hub (HF_ENDPOINT) if it is not here',
  },
} as const;

/** Starts the engine that was asked for; the fallback to a slower one is said aloud. */
export async function startAsked({
  engine,
  threads,
}: {
  engine: EngineName | 'auto';
  threads?: number;
}): Promise<Engine> {
  return startEngine(engine, { threads });
}

export const progress: Progress = stderrProgress();
