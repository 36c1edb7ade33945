import { readFileSync } from 'node:fs';
import { InputError } from '@cxr-align/files';
import { type Answerer, openPredictorProcess } from '@cxr-align/service';
import { version } from '../version.js';
import { dataFlags, engineFlags } from './command.js';

/** Flags of commands that keep a model open. */
export const serviceFlags = {
  ...engineFlags,
  run: { type: 'string', demandOption: true, describe: 'Run folder of the model' },
  encoder: {
    type: 'string',
    describe: 'Folder of the frozen image encoder of the run; its folder in training unless given',
  },
  'any-modality': dataFlags['any-modality'],
  'prediction-timeout': {
    type: 'number',
    default: 60,
    describe: 'Seconds after which an image is given up, and the process of the model replaced',
    coerce: atLeast('prediction-timeout', 0.1),
  },
  audit: { type: 'string', describe: 'File of the audit log, JSON lines without names; none unless given' },
} as const;

/** What they give. */
export interface ServiceFlags {
  run: string;
  encoder?: string;
  engine: string;
  threads?: number;
  anyModality: boolean;
  predictionTimeout: number;
  audit?: string;
}

/** Opens the model in a process of its own. */
export function openAnswerer({
  run,
  encoder,
  engine,
  threads,
  anyModality,
  predictionTimeout,
}: ServiceFlags): Promise<Answerer> {
  return openPredictorProcess({
    run,
    encoder,
    engine,
    threads,
    anyModality,
    version,
    timeoutMs: 1000 * predictionTimeout,
  });
}

/** For a flag that takes a number: refuses a smaller one. For `coerce` of yargs. */
export function atLeast(flag: string, least: number): (value: number) => number {
  return (value) => {
    if (value !== undefined && !(Number.isFinite(value) && value >= least))
      throw new InputError(`expected --${flag} to be a number of ${least} or more, got ${value}`);
    return value;
  };
}

/** The text of a file that a flag names, without the line break at its end. */
export function textOfFile(flag: string, file: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw new InputError(
      `expected --${flag} to be a file that can be read, got ${file} (${(error as NodeJS.ErrnoException).code}); check the path`,
    );
  }
}
