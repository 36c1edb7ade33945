import { engineNames, startEngine, type Engine, type EngineName } from '@cxr-align/engine';
import {
  columnRoles,
  datasetFormats,
  readDataset,
  type Dataset,
  type GivenColumns,
  type Projection,
  type ReadDatasetOptions,
} from '@cxr-align/datasets';
import { InputError } from '@cxr-align/files';
import { progress, withDataFlags } from './command-line.js';
import {
  eventsOf,
  nearestName,
  readWithHeaders,
  suggestion,
  type OpenOptions,
  type RunEvents,
} from '@cxr-align/training';

export {
  commandGroup,
  commonFlags,
  printResult,
  progress,
  withDataFlags,
  type Command,
  type CommandPart,
} from './command-line.js';

/** More only cost memory. */
const mostThreads = 64;

/** @throws {InputError} if it is no number of threads. */
function checkThreads<T>(threads: T): T {
  if (typeof threads === 'number' && !(Number.isInteger(threads) && threads >= 1 && threads <= mostThreads))
    throw new InputError(`expected --threads to be a whole number from 1 to ${mostThreads}, got ${threads}`);
  return threads;
}

/** Flags of commands that compute. */
export const engineFlags = {
  engine: { choices: ['auto', ...engineNames] as const, default: 'auto' as const, describe: 'Compute backend' },
  threads: {
    type: 'number',
    describe: `Threads of the wasm engine, 1 to ${mostThreads}; all processors (at most 8) unless given`,
    coerce: checkThreads,
  },
} as const;

/** Flags of commands that read a data set. */
export const dataFlags = {
  data: { type: 'string', demandOption: true, describe: 'Folder, table or archive of the data set' },
  format: {
    type: 'string',
    default: 'auto',
    describe: `Layout of the data set: auto, ${datasetFormats().join(', ')}`,
  },
  images: {
    type: 'string',
    describe: 'Folder that the image names in the table are relative to; beside the table unless given',
  },
  projection: {
    choices: ['frontal', 'lateral'] as const,
    describe: 'Use only images of this projection; all unless given',
  },
  'one-per-study': { type: 'boolean', default: false, describe: 'Use only the first image of each study' },
  'max-bad': { type: 'number', default: 0.01, describe: 'Maximum share of rows or images that may be unreadable' },
  'allow-patient-overlap': {
    type: 'boolean',
    default: false,
    describe: 'Allow patients that are in more than one split',
  },
  'dicom-fields': {
    type: 'boolean',
    default: false,
    describe: 'Take patient, sex, age and view from DICOM headers where the table has none; patients get pseudonyms',
  },
  'any-modality': {
    type: 'boolean',
    default: false,
    describe: 'Accept DICOM images of another Modality or Body Part Examined than a chest film',
  },
  column: {
    type: 'string',
    array: true,
    describe: `Column of the table by its role, role=name, such as patient=pid; repeat for more. Roles: ${columnRoles.join(', ')}`,
  },
} as const;

/** What {@link dataFlags} give beside the data. */
export interface DataFlags {
  format: string;
  images?: string;
  projection?: Projection;
  onePerStudy: boolean;
  maxBad: number;
  allowPatientOverlap: boolean;
  dicomFields?: boolean;
  anyModality?: boolean;
  column?: string[];
}

/** Those of them that reading a table takes. */
type ReadFlags = Omit<DataFlags, 'allowPatientOverlap' | 'dicomFields' | 'anyModality'>;

/** Flags of commands that take the features of a frozen encoder. */
export const encoderFlags = {
  encoder: {
    type: 'string',
    describe:
      'Folder of a frozen image encoder (ONNX, TensorFlow.js, or a run); encodes the images that the feature store lacks',
  },
  features: { type: 'string', describe: 'Feature store; features/ in the output folder unless given' },
} as const;

/** The flag of commands that may get a model from a hub. */
export const downloadFlag = {
  'allow-download': {
    type: 'boolean',
    default: false,
    describe: 'Download an encoder given as owner/name from the hub (HF_ENDPOINT) if it is not cached',
  },
} as const;

/** Starts the engine that a command names. */
export async function startEngineOf({
  engine,
  threads,
  tf32,
}: {
  engine: EngineName | 'auto';
  threads?: number;
  tf32?: boolean;
}): Promise<Engine> {
  return startEngine(engine, { threads, tf32 });
}

/** The options of a data set that flags give. */
export function openOptions({
  format,
  images,
  projection,
  onePerStudy,
  maxBad,
  allowPatientOverlap,
  dicomFields,
  anyModality,
  column,
}: DataFlags): OpenOptions {
  const reading = readOptions({ format, images, projection, onePerStudy, maxBad, column });
  return { ...reading, allowPatientOverlap, dicomFields, anyModality };
}

/** The options of reading a data set that flags give. */
export function readOptions({
  format,
  images,
  projection,
  onePerStudy,
  maxBad,
  column,
}: ReadFlags): ReadDatasetOptions {
  return { format, images, projection, onePerStudy, maxBad, columns: columnsOf(column) };
}

/** Reads the table of a data set and, with --dicom-fields, what the headers of its images have where it has none. */
export async function readData(path: string, flags: ReadFlags & Partial<DataFlags>): Promise<Dataset> {
  if (!flags.dicomFields) return readDataset(path, readOptions(flags));
  const options = { ...readOptions(flags), dicomFields: true, anyModality: true };
  const { dataset, remarks } = await readWithHeaders(path, options, progress);
  remarks.forEach((line) => progress.remark(line));
  return dataset;
}

/**
 * The columns that `--column role=name` names.
 *
 * @throws {InputError} if one has no such form, an unknown role, or a role that is named twice.
 */
export function columnsOf(given: readonly string[] = []): GivenColumns {
  const columns: GivenColumns = {};
  for (const text of given) {
    const [, role, name] = /^\s*([^=]+?)\s*=\s*(.+)$/.exec(text) ?? [];
    if (role === undefined) throw new InputError(`expected --column role=name, such as patient=pid, got ${text}`);
    const known = columnRoles.find((one) => one === role);
    if (known === undefined)
      throw new InputError(
        `expected --column with a role of ${columnRoles.join(', ')}, got ${role}${suggestion(nearestName(role, columnRoles))}`,
      );
    if (columns[known] !== undefined)
      throw new InputError(`expected one --column ${role}=…, got ${columns[known]} and ${name}`);
    columns[known] = name;
  }
  return columns;
}

/** Shows the events of a function: its tasks as bars on stderr, its remarks as lines. */
export function stderrEvents(): RunEvents {
  return { ...eventsOf(progress), remark: (line) => progress.remark(withDataFlags(line)) };
}
