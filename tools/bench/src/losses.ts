import { spawnSync } from 'node:child_process';
import { startEngine, type EngineName } from '@cxr-align/engine';
import * as tf from '@tensorflow/tfjs-core';
import { lossCases, type LossCase, type Size } from './loss-cases.js';
import { median, pythons, pythonScript } from './run-program.js';

/** What one loss takes at one size on one engine, or in PyTorch. */
export interface Timing {
  /** Milliseconds, medians. */
  forward: number;
  forwardBackward: number;
  /** Bytes of tensors alive at the worst moment of both passes, beyond the inputs, by the bytes of the learned input. */
  peak?: number;
}

/** Timings by loss, of one size. */
export type Timings = Record<string, Timing>;

/** Everything that a run of the benchmark measured. */
export interface LossBenchmark {
  size: Size;
  engines: Record<string, Timings>;
  torch?: Timings;
}

const sizes: Size[] = [
  [100, 14, 512],
  [256, 40, 512],
];

/** Median time of a piece of work in milliseconds: after a warm-up, at least 3 times, for about `budget` ms. */
async function timeOf(work: () => tf.Tensor, budget: number): Promise<number> {
  const once = async (): Promise<number> => {
    const began = performance.now();
    const result = work();
    await result.data();
    const took = performance.now() - began;
    result.dispose();
    return took;
  };
  await once();
  const times: number[] = [];
  const until = performance.now() + budget;
  while (times.length < 3 || (performance.now() < until && times.length < 200)) times.push(await once());
  return median(times);
}

async function timingOf({ input, run }: LossCase, budget: number): Promise<Timing> {
  const forward = (): tf.Tensor => tf.tidy(() => run(input));
  const gradient = tf.valueAndGrad(run);
  const both = (): tf.Tensor => {
    const { value, grad } = gradient(input);
    grad.dispose();
    return value;
  };
  const before = tf.memory().numBytes;
  const { peakBytes } = await tf.profile(() => tf.tidy(() => gradient(input).grad));
  return {
    forward: await timeOf(forward, budget),
    forwardBackward: await timeOf(both, budget),
    peak: (peakBytes - before) / (input.size * 4),
  };
}

/** Times all losses on the engines that start. */
export async function benchLosses(engines: readonly EngineName[], budget: number): Promise<LossBenchmark[]> {
  const results: LossBenchmark[] = [];
  for (const size of sizes) {
    const result: LossBenchmark = { size, engines: {} };
    for (const name of engines) {
      await startEngine(name);
      const made: tf.Tensor[] = [];
      const timings: Timings = {};
      for (const [loss, one] of Object.entries(lossCases(size, made))) {
        timings[loss] = await timingOf(one, budget);
        process.stderr.write(`\r[${size.join(', ')}] ${name} ${loss}`.padEnd(70));
      }
      tf.dispose(made);
      result.engines[name] = timings;
    }
    result.torch = torchTimings(size);
    results.push(result);
  }
  process.stderr.write('\n');
  return results;
}

/** The same formulas in PyTorch, if a Python with torch is there. */
function torchTimings(size: Size): Timings | undefined {
  const script = pythonScript('torch_losses.py');
  for (const python of pythons()) {
    const { status, stdout } = spawnSync(python, [script, ...size.map(String)], { encoding: 'utf8' });
    if (status === 0) return JSON.parse(stdout) as Timings;
  }
  return undefined;
}

/** The table of one size in Markdown: forward and backward together, and the peak of memory. */
export function lossTable({ size, engines, torch }: LossBenchmark): string {
  const names = Object.keys(engines);
  const losses = Object.keys(engines[names[0]]);
  const header = [
    `[${size.join(', ')}]`,
    ...names.map((name) => `${name} ms`),
    ...(torch ? ['PyTorch ms'] : []),
    'peak',
  ];
  const digits = (ms: number): string => (ms >= 100 ? ms.toFixed(0) : ms >= 10 ? ms.toFixed(1) : ms.toFixed(2));
  const rows = losses.map((loss) => [
    loss,
    ...names.map((name) => digits(engines[name][loss].forwardBackward)),
    ...(torch ? [torch[loss] ? digits(torch[loss].forwardBackward) : ''] : []),
    `${engines[names[names.length - 1]][loss].peak!.toFixed(1)} ×`,
  ]);
  const line = (cells: string[]): string => `| ${cells.join(' | ')} |`;
  return [line(header), line(header.map((_, i) => (i === 0 ? '---' : '--:'))), ...rows.map(line)].join('\n');
}

/** The tables of all sizes. */
export function lossesText(results: readonly LossBenchmark[]): string {
  return results.map(lossTable).join('\n\n');
}
