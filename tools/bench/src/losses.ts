import { loadavg } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { EngineName } from '@cxr-align/engine';
import { machineFacts, type MachineFacts } from './machine.js';
import { lossNames, type Size } from './loss-cases.js';
import { LossTimer, type Timing } from './loss-timer.js';
import { hasModules, median, pythonScript } from './run-program.js';

/** What is asked of `bench -- losses`. */
export interface LossRequest {
  engines: readonly EngineName[];
  /** The Python that runs the peer, where it has torch. */
  python: string;
  /** Every peer is timed in turn, so many times. */
  rounds: number;
  /** Milliseconds spent on each pass of each loss, peer and round. */
  ms: number;
  /** Those losses alone whose name has this in it. */
  only?: string;
}

/** Times of one peer: an engine, one that replays steps (`native, captured`), or `PyTorch`. */
interface PeerTiming extends Timing {
  /** Time of forward and backward by PyTorch's: the median over the rounds, in each of which both were timed. */
  ratio?: number;
  /** The least and the largest ratio of a round. */
  range?: [number, number];
}

/** Everything that a run measured at one size. */
export interface LossBenchmark {
  size: Size;
  machine: MachineFacts;
  /** Load average of the system when it began: what else computes makes times and ratios worse. */
  load: number;
  /** Version of PyTorch. */
  torch?: string;
  rounds: number;
  /** By loss, then by peer. */
  losses: Record<string, Record<string, PeerTiming>>;
}

const sizes: Size[] = [
  [100, 14, 512],
  [256, 40, 512],
];
const torchName = 'PyTorch';

/** Times all losses on the engines and in PyTorch, in turns. */
export async function benchLosses(request: LossRequest): Promise<LossBenchmark[]> {
  const results: LossBenchmark[] = [];
  for (const size of sizes) results.push(await benchSize(size, request));
  process.stderr.write('\n');
  return results;
}

async function benchSize(size: Size, { engines, python, rounds, ms, only = '' }: LossRequest): Promise<LossBenchmark> {
  const peers = startPeers(size, engines, python);
  const result: LossBenchmark = { size, machine: machineFacts(), load: loadavg()[0], rounds, losses: {} };
  try {
    for (const loss of lossNames.filter((name) => name.includes(only))) {
      const timings: Timing[][] = peers.map(() => []);
      process.stderr.write(`\r[${size.join(', ')}] ${loss}`.padEnd(60));
      for (let round = 0; round < rounds; round++)
        for (const [i, peer] of peers.entries()) timings[i].push(await peer.time(loss, ms));
      const torch = timings[peers.findIndex(({ name }) => name === torchName)];
      result.torch = torch?.[0].version;
      result.losses[loss] = Object.fromEntries(peers.map(({ name }, i) => [name, summary(timings[i], torch)]));
    }
  } finally {
    peers.forEach((peer) => peer.end());
  }
  return result;
}

/** A program for each peer, all of which run until the end but only one at a time computes. */
function startPeers(size: Size, engines: readonly EngineName[], python: string): LossTimer[] {
  const main = fileURLToPath(new URL('./main.js', import.meta.url));
  const peers = engines.flatMap((engine) =>
    (['off', 'auto'] as const).map((capture) => {
      const args = [main, 'losses-timer', '--engine', engine, '--size', size.join(), '--capture', capture];
      return new LossTimer(capture === 'auto' ? `${engine}, captured` : engine, process.execPath, args);
    }),
  );
  if (hasModules(python, ['torch']))
    peers.push(new LossTimer(torchName, python, [pythonScript('torch_losses.py'), ...size.map(String)]));
  return peers;
}

/** Medians over the rounds. */
function summary(rounds: readonly Timing[], torch?: readonly Timing[]): PeerTiming {
  const of = (key: 'forward' | 'forwardBackward'): number => median(rounds.map((timing) => timing[key]));
  const ratios = torch && rounds.map(({ forwardBackward }, i) => forwardBackward / torch[i].forwardBackward);
  const { peak, reason } = rounds[rounds.length - 1];
  return {
    forward: of('forward'),
    forwardBackward: of('forwardBackward'),
    fastest: Math.min(...rounds.map(({ fastest }) => fastest)),
    ...(peak !== undefined && { peak }),
    ...(reason !== undefined && { reason }),
    ...(ratios && { ratio: median(ratios), range: [Math.min(...ratios), Math.max(...ratios)] }),
  };
}

/** The peers that are ours; an engine without a step capture is named once, as it computes the same twice. */
export function lossPeers(losses: LossBenchmark['losses']): string[] {
  return Object.keys(Object.values(losses)[0]).filter(
    (name) => name !== torchName && Object.values(losses).some((timings) => timings[name].reason === undefined),
  );
}

/** The table of one size in Markdown: forward and backward together, and the peak of memory. */
export function lossTable({ size, losses }: LossBenchmark): string {
  const own = lossPeers(losses);
  const hasTorch = torchName in Object.values(losses)[0];
  const digits = (ms: number): string => (ms >= 100 ? ms.toFixed(0) : ms >= 10 ? ms.toFixed(1) : ms.toFixed(2));
  const header = [
    `[${size.join(', ')}]`,
    ...(hasTorch ? [`${torchName} ms`] : []),
    ...own.flatMap((name) => [`${name} ms`, ...(hasTorch ? ['ratio'] : [])]),
    'peak',
  ];
  const rows = Object.entries(losses).map(([loss, timings]) => [
    loss,
    ...(hasTorch ? [digits(timings[torchName].forwardBackward)] : []),
    ...own.flatMap((name) => {
      const { forwardBackward, ratio } = timings[name];
      return [digits(forwardBackward), ...(ratio === undefined ? [] : [ratio.toFixed(2)])];
    }),
    // Of the first engine: TensorFlow shares the memory of a reshaped tensor, which TensorFlow.js does not know.
    `${timings[own[0]].peak!.toFixed(1)} ×`,
  ]);
  const line = (cells: string[]): string => `| ${cells.join(' | ')} |`;
  return [line(header), line(header.map((_, i) => (i === 0 ? '---' : '--:'))), ...rows.map(line)].join('\n');
}

/** The tables of all sizes, and what they were measured with. */
export function lossesText(results: readonly LossBenchmark[]): string {
  const [{ load, torch, rounds }] = results;
  const peer = torch
    ? `, PyTorch ${torch}; a ratio is our time by PyTorch's in the same round, the median`
    : '; the median';
  return [
    ...results.map(lossTable),
    `Milliseconds forward and backward${peer} of ${rounds} rounds in turns. Peak: bytes of tensors at the worst moment beyond the inputs, ` +
      `by those of the learned input. Load average at the start: ${load.toFixed(1)}.`,
  ].join('\n\n');
}
