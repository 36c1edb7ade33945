import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Message, Task } from './child.js';
import type { Verdict } from './judge.js';

/** What became of the inputs of a parser. */
export interface Counts {
  parser: string;
  inputs: number;
  accepted: number;
  refused: number;
  faults: number;
  slow: number;
  memory: number;
  /** Inputs after which the process gave no sign for so long that it was killed. */
  hangs: number;
  /** Inputs at which the process ended. */
  crashes: number;
  slowestMs: number;
  /** The most by which one input raised the peak of the memory. */
  mostMiB: number;
  /** The first reasons. */
  reasons: string[];
}

/** Milliseconds without a sign, after which a process is killed. */
const patience = 60_000;

/** Feeds inputs to a parser in a process of its own; one that hangs or ends is started again behind that input. */
export async function feedParser(task: Omit<Task, 'from'>): Promise<Counts> {
  const counts: Counts = {
    parser: task.parser,
    ...{
      inputs: 0,
      accepted: 0,
      refused: 0,
      faults: 0,
      slow: 0,
      memory: 0,
      hangs: 0,
      crashes: 0,
      slowestMs: 0,
      mostMiB: 0,
    },
    reasons: [],
  };
  for (let from = 0; from < task.runs;) from = await feedPart({ ...task, from }, counts);
  return counts;
}

/** @returns the input to go on with. */
function feedPart(task: Task, counts: Counts): Promise<number> {
  return new Promise((resolve) => {
    const child = fork(fileURLToPath(new URL('./child.js', import.meta.url)), {
      execArgv: ['--max-old-space-size=2048'],
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    let current = -1;
    let output = '';
    let isHung = false;
    let sign = Date.now();
    child.stderr!.on('data', (part: Buffer) => (output = (output + part.toString()).slice(-2000)));
    child.on('message', (message: Message) => {
      sign = Date.now();
      if ('before' in message) current = message.before;
      else count(counts, message.index, message);
    });
    const watch = setInterval(() => {
      if (Date.now() - sign < patience) return;
      isHung = true;
      child.kill('SIGKILL');
    }, 500);
    child.on('exit', (code, signal) => {
      clearInterval(watch);
      if (code === 0) resolve(task.runs);
      else if (current < 0) {
        counts.crashes++;
        counts.reasons.push(`before the first input: ${output || `ended with ${code ?? signal}`}`);
        resolve(task.runs);
      } else {
        if (isHung) counts.hangs++;
        else counts.crashes++;
        counts.inputs++;
        counts.reasons.push(`${current}: ${isHung ? 'hung' : `ended with ${code ?? signal}`} ${output.slice(0, 300)}`);
        resolve(current + 1);
      }
    });
    child.send(task);
  });
}

const columns = { accepted: 'accepted', refused: 'refused', fault: 'faults', slow: 'slow', memory: 'memory' } as const;

function count(counts: Counts, index: number, { kind, reason, ms, mib }: Verdict): void {
  counts.inputs++;
  counts[columns[kind]]++;
  counts.slowestMs = Math.max(counts.slowestMs, ms);
  counts.mostMiB = Math.max(counts.mostMiB, mib);
  if (reason !== undefined && counts.reasons.length < 20) counts.reasons.push(`${index}: ${kind}: ${reason}`);
}
