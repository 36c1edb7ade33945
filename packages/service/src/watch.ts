import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { InputError, lockFolder, makeFolder, sha256, writeFileAtomic } from '@cxr-align/files';
import { auditLog, noAudit } from './audit.js';
import { type Answerer, AnswererFault } from './model/answer.js';

/** How a folder is watched. */
export interface WatchOptions {
  /** Images come here, at any depth: files that another program writes. They are read only. */
  input: string;
  /** A record for each image, and its DICOM results, are written here. */
  output: string;
  /** File of the audit log; none unless given. */
  audit?: string;
  /** Milliseconds between two looks. Default 1,000. */
  everyMs?: number;
  /** Milliseconds for which a file must not have changed before it is read. Default 2,000. */
  settledMs?: number;
  /** Ends after the image that is worked on. */
  signal?: AbortSignal;
  /** Ends once there is nothing more to do. Default false. */
  once?: boolean;
  /** Hears of each image. */
  onImage?: (record: WatchRecord) => void;
  /** Tells what went wrong; nothing of a patient. */
  onFault?: (message: string) => void;
}

/** What was written of an image: `NAME.json`. */
export interface WatchRecord {
  /** Relative to the input folder. */
  file: string;
  dataHash: string;
  model: Answerer['model'];
  labels?: Record<string, { probability: number; threshold: number; positive: boolean }>;
  /** DICOM results, relative to the output folder. */
  dicom?: string[];
  error?: string;
}

/**
 * Checks options as {@link watchFolder} does, before a model is opened.
 *
 * @throws {InputError} if the folder is missing, or the output lies in it.
 */
export function checkWatchOptions({ input, output }: Pick<WatchOptions, 'input' | 'output'>): void {
  if (!existsSync(input) || !statSync(input).isDirectory())
    throw new InputError('expected a folder to watch, got none; make it first', { file: input });
  if (!relative(input, output).startsWith('..'))
    throw new InputError('expected results in a folder outside of the watched one, got one in it; choose another', {
      file: output,
    });
}

const isTemporary = /(^|[/\\])\.|\.(part|tmp|filepart|crdownload)$/i;

/**
 * Predicts each image that comes into a folder, once: a record, and the DICOM results of DICOM images, go into another. An image whose
 * record is there is done; stopped or killed and started again, it continues with the others. A file is read once it has not changed for
 * some time.
 *
 * @param answerer the model; not closed.
 * @throws {InputError} if a folder is missing or used by another watcher, or the output lies in the input.
 */
export async function watchFolder(
  answerer: Answerer,
  options: WatchOptions,
): Promise<{ answered: number; refused: number }> {
  const { input, output, everyMs = 1000, settledMs = 2000, signal, once = false } = options;
  checkWatchOptions(options);
  makeFolder(output);
  const lock = lockFolder(output, 'watch');
  const audit = options.audit === undefined ? noAudit : auditLog(options.audit);
  const counts = { answered: 0, refused: 0 };
  try {
    while (!signal?.aborted) {
      const files = filesIn(input).filter((file) => !existsSync(recordOf(output, file)));
      const settled = files.filter((file) => Date.now() - statSync(join(input, file)).mtimeMs >= settledMs);
      let isStuck = false;
      for (const file of settled) {
        if (signal?.aborted) break;
        try {
          const record = await predictInto(answerer, file, { ...options, audit });
          counts[record.error === undefined ? 'answered' : 'refused']++;
          options.onImage?.(record);
        } catch (error) {
          if (!(error instanceof AnswererFault)) throw error;
          options.onFault?.(error.message);
          isStuck = true;
        }
      }
      if (once && files.length === settled.length && !isStuck) break;
      await pause(everyMs, signal);
    }
  } finally {
    audit.close();
    lock.release();
  }
  return counts;
}

async function predictInto(
  answerer: Answerer,
  file: string,
  { input, output, audit }: { input: string; output: string; audit: ReturnType<typeof auditLog> },
): Promise<WatchRecord> {
  const bytes = new Uint8Array(readFileSync(join(input, file)));
  const whole = await answerer.answer({ bytes, name: file, asDicom: true });
  // A picture that is no DICOM file is predicted all the same.
  const answer = whole.labels === undefined ? await answerer.answer({ bytes, name: file }) : whole;
  audit.write('watch', bytes, answer, answerer.model);
  const dicom = Object.entries(answer.dicom ?? {}).map(([kind, object]): string => {
    const name = `${file}.${kinds[kind as keyof typeof kinds]}.dcm`;
    writeFileAtomic(join(output, name), object);
    return name;
  });
  const record: WatchRecord = {
    file,
    dataHash: sha256(bytes),
    model: answerer.model,
    ...(answer.labels && {
      labels: Object.fromEntries(
        Object.entries(answer.labels).map(([label, { probability, threshold, positive }]) => [
          label,
          { probability: Number(probability.toFixed(6)), threshold: Number(threshold.toFixed(6)), positive },
        ]),
      ),
    }),
    ...(dicom.length > 0 && { dicom }),
    ...(answer.error !== undefined && { error: answer.error }),
  };
  // Last: an image without a record is predicted again.
  writeFileAtomic(recordOf(output, file), `${JSON.stringify(record)}\n`);
  return record;
}

const kinds = { report: 'sr', capture: 'sc', state: 'pr' } as const;

const recordOf = (output: string, file: string): string => join(output, `${file}.json`);

function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .filter((file) => !isTemporary.test(file))
    .sort();
}

function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal?.addEventListener('abort', end);
  });
}
