import { writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Grammar } from './text-mutations.js';

/** A parser under test. */
export interface Parser {
  name: string;
  grammar: Grammar;
  /** The name of the file that is changed, in a folder of its own. */
  file: string;
  /** Valid files. */
  seeds: () => Promise<Uint8Array[]>;
  /** Puts what belongs beside the file into the folder, once. */
  prepare?: (folder: string) => void | Promise<void>;
  /** Corrects checksums. */
  repair?: (bytes: Uint8Array) => Uint8Array;
  /** Reads the file. @param bytes what is in it. */
  parse: (file: string, bytes: Uint8Array) => Promise<unknown>;
  /** What is read is a folder: errors may name that in place of the file. */
  isFolder?: boolean;
  /** Takes long, or is much like another: left to `npm run fuzz`. */
  isLong?: boolean;
  /** The most inputs that `npm run fuzz` feeds: each takes long. */
  mostRuns?: number;
  /** Milliseconds of a processor that an input may take. Default 2000. */
  limitMs?: number;
  /** MiB by which an input may raise the process's peak memory. Default 256. */
  limitMiB?: number;
}

/** What became of an input. */
export interface Verdict {
  kind: 'accepted' | 'refused' | 'fault' | 'slow' | 'memory';
  /** What is wrong, of the last three kinds. */
  reason?: string;
  ms: number;
  /** MiB by which the peak of the process's memory rose. */
  mib: number;
}

/** Words of JavaScript and its engine: a person who reads one does not learn what is wrong with a file. */
const rawWords =
  /Cannot (read|convert|set|destructure|mix|access|use)|is not (a function|iterable|a constructor)|Maximum call stack|Invalid (typed )?array|out of bounds|outside the bounds|undefined \(|of undefined|\[object|ERR_|Invalid string length|BigInt|null pointer|unreachable/;

/** Reads an input and judges what comes of it. */
export async function judge(parser: Parser, folder: string, bytes: Uint8Array): Promise<Verdict> {
  const file = join(folder, parser.file);
  writeFileSync(file, bytes);
  const before = peakMiB();
  const start = performance.now();
  const used = process.cpuUsage();
  let outcome: Pick<Verdict, 'kind' | 'reason'>;
  try {
    await parser.parse(file, bytes);
    outcome = { kind: 'accepted' };
  } catch (error) {
    outcome = refusal(error, parser, folder);
  }
  const { user, system } = process.cpuUsage(used);
  // A process that waits for a processor is not slow.
  const ms = Math.min(performance.now() - start, (user + system) / 1000);
  const mib = peakMiB() - before;
  const { limitMs = 2000, limitMiB = 256 } = parser;
  if (outcome.kind !== 'fault' && ms > limitMs)
    return { kind: 'slow', reason: `${Math.round(ms)} ms, more than ${limitMs}`, ms, mib };
  if (outcome.kind !== 'fault' && mib > limitMiB)
    return { kind: 'memory', reason: `${Math.round(mib)} MiB, more than ${limitMiB}`, ms, mib };
  return { ...outcome, ms, mib };
}

function peakMiB(): number {
  return process.resourceUsage().maxRSS / 1024;
}

export function refusal(
  error: unknown,
  { file, isFolder = false }: Parser,
  folder: string,
): Pick<Verdict, 'kind' | 'reason'> {
  if (!(error instanceof Error)) return { kind: 'fault', reason: `threw ${String(error)}` };
  const { name, message } = error;
  const text = `${name}: ${message.slice(0, 300)}`;
  if (name !== 'InputError' && name !== 'LabelGraphError')
    return { kind: 'fault', reason: `${text}\n${String(error.stack).split('\n').slice(1, 4).join('\n')}` };
  const isNamed = message.includes(file) || (isFolder && message.includes(basename(folder)));
  if (!isNamed) return { kind: 'fault', reason: `without the file's name: ${text}` };
  // What the file itself holds may be quoted; the words before it are ours.
  const raw = rawWords.exec(message);
  if (raw) return { kind: 'fault', reason: `raw words (${raw[0]}): ${text}` };
  return { kind: 'refused' };
}
