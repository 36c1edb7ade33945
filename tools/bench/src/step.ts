import { spawnSync } from 'node:child_process';
import { cpus } from 'node:os';
import { engineNames, startEngine, type EngineName } from '@cxr-align/engine';
import type { ProductPrecision, StepCaptureMode, StepCaptureReport } from '@cxr-align/nn';
import * as tf from '@tensorflow/tfjs-core';
import { UsageError, type Flags } from './flags.js';
import { median, runJson, runSelf } from './run-program.js';
import { stepFlops, TrainingStep, type StepSize } from './step-model.js';

/** What one process measured of our step. */
export interface OwnTiming {
  engine: string;
  medianMs: number;
  minMs: number;
  /** Of the process; of the device, which keeps what it once took, where it computes. */
  peakMiB: number;
  parameters: number;
  /** Tensors alive after the last step minus those after the first. */
  tensorGrowth: number;
  firstLoss: number;
  lastLoss: number;
  /** Seconds that the first step took: recorded, and compiled where XLA does that. */
  firstStepS: number;
  /** How steps were captured. */
  capture: StepCaptureReport;
  /** Why operations were called one by one, on an engine that would run them as one. */
  opByOp?: string;
  /** Milliseconds a step by operation, where asked. */
  profile?: Record<string, { ms: number; calls: number }>;
}

/** One size of the comparison. */
export interface StepResult extends StepSize {
  ours: OwnTiming;
  gflop: number;
  /** What the peer measured; undefined without it. */
  torch?: { bestMs: number; seedMs: number; peakMiB: number; limitMs: number; version: string };
  /** Time of the peer at its best, and as the method's first code did it, by ours: above 1 we are faster. */
  ratio?: number;
  ratioSeed?: number;
  /** Our time by what products and memory of this machine allow. */
  limitRatio?: number;
  memoryRatio?: number;
}

/** What is asked of `bench -- step`. */
export interface StepRequest {
  engine: string;
  sizes: readonly string[];
  mixing: StepSize['mixing'];
  rounds: number;
  threads: number;
  /** The peer's script, and the Python that runs it. */
  against?: string;
  python: string;
  profile: boolean;
  capture: StepCaptureMode;
  precision: ProductPrecision;
  /** Whether the peer's step is compiled by torch.compile, where its script can do that. */
  compilesPeer: boolean;
}

const captures: readonly StepCaptureMode[] = ['auto', 'xla', 'replay', 'off'];
const precisions: readonly ProductPrecision[] = ['float32', 'tf32', 'bf16'];
const sizes: Record<string, { size: Omit<StepSize, 'mixing'>; steps: number }> = {
  paper: { size: { dim: 512, layers: 8, batch: 32 }, steps: 5 },
  'paper-100': { size: { dim: 512, layers: 8, batch: 100 }, steps: 3 },
  small: { size: { dim: 128, layers: 2, batch: 32 }, steps: 40 },
  // For GPUs: on two processor cores a step takes a minute.
  'paper-1000': { size: { dim: 512, layers: 8, batch: 1000 }, steps: 2 },
};
const mixings = ['full', 'factored', 'folded'] as const;
/** The names of the sizes. */
export const stepSizes = Object.keys(sizes);

/** Times our step in this process. */
export async function timeStep(
  engineName: EngineName,
  size: StepSize,
  steps: number,
  { profile, capture, precision }: Pick<StepRequest, 'profile' | 'capture' | 'precision'>,
): Promise<OwnTiming> {
  const engine = await startEngine(engineName, { threads: cpus().length, tf32: precision === 'tf32' });
  const step = new TrainingStep(size, capture, precision);
  const start = performance.now();
  const firstLoss = await step.run();
  const firstStepS = (performance.now() - start) / 1000;
  // By then what an engine replays has been recorded, and what it compiles verified.
  for (let i = 0; i < 3; i++) await step.run();
  const tensors = tf.memory().numTensors;
  const times: number[] = [];
  let lastLoss = firstLoss;
  for (let i = 0; i < steps; i++) {
    const began = performance.now();
    lastLoss = await step.run();
    times.push(performance.now() - began);
  }
  const tensorGrowth = tf.memory().numTensors - tensors;
  return {
    engine: `${engine.name}: ${engine.description}`,
    medianMs: median(times),
    minMs: Math.min(...times),
    peakMiB: deviceMiB(engineName) ?? process.resourceUsage().maxRSS / 1024,
    parameters: step.parameters.count(),
    tensorGrowth,
    firstLoss,
    lastLoss,
    firstStepS,
    capture: step.captured.report(),
    ...(step.captured.report().captured === 0 && { opByOp: step.captured.report().reason }),
    ...(profile && { profile: await profileStep(step) }),
  };
}

/** What a graphics device has in use, of all processes; undefined for other engines, and where NVIDIA's driver does not say. */
function deviceMiB(engine: EngineName): number | undefined {
  if (engine !== 'cuda' && engine !== 'webgpu') return undefined;
  const { stdout } = spawnSync('nvidia-smi', ['--query-gpu=memory.used', '--format=csv,noheader,nounits'], {
    encoding: 'utf8',
  });
  return Number.parseFloat(stdout ?? '') || undefined;
}

/** Kernel times of one step; those of one that an engine replays cannot be told apart. */
async function profileStep(step: TrainingStep): Promise<Record<string, { ms: number; calls: number }>> {
  const { kernels } = await tf.profile(async () => {
    await step.run(undefined, { isReplayed: false });
  });
  const byName: Record<string, { ms: number; calls: number }> = {};
  for (const { name, kernelTimeMs } of kernels) {
    const ms = await kernelTimeMs;
    byName[name] ??= { ms: 0, calls: 0 };
    byName[name].ms += typeof ms === 'number' ? ms : 0;
    byName[name].calls++;
  }
  return Object.fromEntries(Object.entries(byName).sort(([, a], [, b]) => b.ms - a.ms));
}

/** Times each size in turns with the peer, each time in a process of its own. */
export function benchStep(request: StepRequest): StepResult[] {
  return request.sizes.map((name) => {
    const { size, steps } = sizes[name];
    const full = { ...size, mixing: request.mixing };
    const ours: OwnTiming[] = [];
    const best: TorchOutput[] = [];
    for (let round = 0; round < request.rounds; round++) {
      process.stderr.write(`${name}, round ${round + 1} of ${request.rounds} …\n`);
      ours.push(runOwn(request, name, round === 0));
      if (request.against !== undefined)
        best.push(runTorch(request, full, ['--mode', 'best', '--steps', String(steps), '--peak']));
    }
    const own: OwnTiming = {
      ...ours[0],
      medianMs: median(ours.map(({ medianMs }) => medianMs)),
      minMs: Math.min(...ours.map(({ minMs }) => minMs)),
      peakMiB: Math.max(...ours.map(({ peakMiB }) => peakMiB)),
    };
    const result: StepResult = { ...full, ours: own, gflop: stepFlops(full) / 1e9 };
    if (request.against === undefined) return result;
    const seed = runTorch(request, full, ['--mode', 'seed', '--steps', '2']);
    const torch = {
      bestMs: median(best.map(({ median_step_ms: ms }) => ms)),
      seedMs: seed.median_step_ms,
      peakMiB: Math.max(...best.map(({ peak_rss_mib: peak }) => peak)),
      limitMs: median(best.map(({ limit_ms: limit }) => limit!)),
      version: best[0].torch,
    };
    return {
      ...result,
      torch,
      ratio: torch.bestMs / own.medianMs,
      ratioSeed: torch.seedMs / own.medianMs,
      limitRatio: own.medianMs / torch.limitMs,
      memoryRatio: own.peakMiB / torch.peakMiB,
    };
  });
}

/** The flags of the hidden command that times one size in a process of its own. */
function runOwn(
  { engine, mixing, profile, capture, precision }: StepRequest,
  name: string,
  isFirst: boolean,
): OwnTiming {
  const asked = ['--engine', engine, '--size', name, '--mixing', mixing, '--capture', capture];
  const flags = [...asked, '--precision', precision, ...(profile && isFirst ? ['--profile'] : [])];
  return runSelf<OwnTiming>(['step-once', ...flags]);
}

interface TorchOutput {
  median_step_ms: number;
  peak_rss_mib: number;
  limit_ms?: number;
  torch: string;
}

function runTorch(
  { against, python, threads, precision, compilesPeer }: StepRequest,
  size: StepSize,
  flags: readonly string[],
): TorchOutput {
  const fc = { full: '--full-fc', factored: '--factored-fc', folded: '--folded-fc' }[size.mixing];
  const { dim, layers, batch } = size;
  const shape = ['--dim', dim, '--layers', layers, '--batch', batch, '--threads', threads].map(String);
  // Read by torch_on_cuda.py: the peer itself computes in float32.
  process.env.BENCH_PRECISION = precision;
  process.env.BENCH_COMPILE = compilesPeer ? '1' : '0';
  return runJson<TorchOutput>(python, [against!, ...flags, ...shape, fc]);
}

/** Times one size: what {@link benchStep} runs in a process of its own. */
export async function stepOnce(flags: Flags): Promise<OwnTiming> {
  const { size, steps } = sizes[flags.choice('--size', stepSizes, 'small')];
  const full = { ...size, mixing: flags.choice('--mixing', mixings, 'full') };
  return timeStep(flags.choice('--engine', engineNames, 'native'), full, steps, {
    profile: flags.has('--profile'),
    capture: flags.choice('--capture', captures, 'auto'),
    precision: flags.choice('--precision', precisions, 'float32'),
  });
}

/** The results as a Markdown table, what kept a step from being one operation, and the profile where there is one. */
export function stepText(results: readonly StepResult[]): string {
  const fixed = (value: number | undefined, digits = 2): string => (value === undefined ? '–' : value.toFixed(digits));
  const rows = results.map(({ dim, layers, batch, mixing, ours, gflop, torch, ...ratios }) => [
    `${dim} wide, ${layers} layers, batch ${batch}, ${mixing}`,
    fixed(gflop, 1),
    ours.medianMs.toFixed(0),
    fixed(torch?.bestMs, 0),
    fixed(ratios.ratio),
    fixed(ratios.ratioSeed),
    fixed(ratios.limitRatio),
    (ours.peakMiB / 1024).toFixed(2),
    fixed(ratios.memoryRatio),
  ]);
  const header = [
    'step',
    'GFLOP',
    'ours ms',
    'PyTorch ms',
    'ratio',
    'ratio to seed',
    'by limit',
    'peak GiB',
    'by PyTorch’s',
  ];
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const table = [line(header), line(header.map((_, i) => (i === 0 ? '---' : '--:'))), ...rows.map(line)].join('\n');
  const profiles = results.flatMap(({ dim, ours }) =>
    ours.profile
      ? [
          '',
          `by operation, ${dim} wide:`,
          ...Object.entries(ours.profile)
            .slice(0, 20)
            .map(([name, { ms, calls }]) => `  ${name.padEnd(28)} ${ms.toFixed(1).padStart(8)} ms  ${calls} calls`),
        ]
      : [],
  );
  const notes = results.flatMap(({ dim, batch, ours: { opByOp, capture, firstStepS } }) => {
    const step = `${dim} wide, batch ${batch}`;
    if (opByOp !== undefined) return ['', `${step}: steps were computed operation by operation: ${opByOp}`];
    if (!capture.compiled) return [];
    const { functions, seconds, largestDifference, rejected } = capture.compiled;
    return [
      '',
      rejected === undefined
        ? `${step}: compiled by XLA (${functions} function${functions === 1 ? '' : 's'} of gradients in ${seconds.toFixed(1)} s, the first step in ${firstStepS.toFixed(1)} s), largest relative difference ${largestDifference.toExponential(1)}`
        : `${step}: not compiled by XLA: ${rejected}`,
    ];
  });
  return [`${results[0].ours.engine}`, '', table, ...notes, ...profiles].join('\n');
}

/** Reads the flags of `bench -- step`. @throws {UsageError} if one cannot be meant. */
export function stepRequest(flags: Flags): StepRequest {
  const asked = flags.text('--sizes')?.split(',') ?? stepSizes.filter((name) => name !== 'paper-1000');
  const strange = asked.find((name) => !stepSizes.includes(name));
  if (strange !== undefined) throw new UsageError(`expected --sizes of ${stepSizes.join(', ')}, got ${strange}`);
  return {
    engine: flags.choice('--engine', engineNames, 'native'),
    sizes: asked,
    mixing: flags.choice('--mixing', mixings, 'full'),
    rounds: flags.whole('--rounds', 3),
    threads: Math.min(2, cpus().length),
    against: flags.text('--against'),
    python: flags.text('--python', 'python3'),
    profile: flags.has('--profile'),
    capture: flags.choice('--capture', captures, 'auto'),
    precision: flags.choice('--precision', precisions, 'float32'),
    compilesPeer: flags.has('--compile-peer'),
  };
}
