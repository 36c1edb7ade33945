import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { EngineError, type EngineName } from '@cxr-align/engine';
import type { DataResult } from './data.js';
import type { EpochResult } from './epoch.js';
import type { ExtractTiming } from './extract.js';
import type { GraphTimings } from './graph.js';
import { lossPeers, type LossBenchmark } from './losses.js';
import { type MachineFacts, machineFacts } from './machine.js';
import type { MetricTimings } from './metrics.js';
import { hasModules, runSelf } from './run-program.js';
import type { StepResult } from './step.js';

/** All benchmarks of one run. */
export interface Everything {
  machine: MachineFacts;
  step: StepResult[];
  data: DataResult;
  epoch: EpochResult[];
  extract: ExtractTiming[];
  losses: LossBenchmark[];
  metrics: MetricTimings;
  graph: GraphTimings;
}

export interface EverythingRequest {
  engine: EngineName;
  python: string;
  rounds: number;
  /** Sizes of the training step. */
  sizes: readonly string[];
  images: number;
  encoders: readonly string[];
}

const peer = fileURLToPath(new URL('../../../../shared/bench/torch_baseline.py', import.meta.url));

/** Runs all of them, each in a process of its own; peers are measured where they are there. */
export function benchEverything({ engine, python, rounds, sizes, images, encoders }: EverythingRequest): Everything {
  const say = (name: string): void => void process.stderr.write(`${name} …\n`);
  const part = <T>(name: string, ...flags: string[]): T => {
    say(name);
    return runSelf<T>([name, ...flags, '--json']);
  };
  // What has no flag for it looks there.
  process.env.CXR_PYTHON = python;
  const against = existsSync(peer) && hasModules(python, ['torch']) ? ['--against', peer] : [];
  const common = ['--python', python, '--rounds', String(rounds)];
  const vit = hasModules(python, ['torch', 'torchvision', 'onnx']) ? ['--python', python] : [];
  return {
    machine: machineFacts(),
    step: part('step', '--engine', engine, '--sizes', sizes.join(','), ...common, ...against),
    data: part('data', '--images', String(images), ...common),
    epoch: part('epoch', '--engine', engine, ...encoders.flatMap((folder) => ['--encoder', folder]), ...vit),
    extract: part(
      'extract',
      '--images',
      String(images),
      ...encoders.flatMap((folder) => ['--encoder', folder]),
      ...common,
    ),
    losses: part('losses', '--engine', engine, '--python', python),
    metrics: part('metrics'),
    graph: part('graph'),
  };
}

/** The ratios, each with what repeats it, and the machine. */
export function everythingText(result: Everything): string {
  const { processor, cores, memoryGiB, node, system, date } = result.machine;
  return `${processor}, ${cores} cores, ${memoryGiB} GiB, ${system}, Node ${node}, ${date}\n\n${ratioTable(result)}`;
}

/** The ratios as a Markdown table. */
export function ratioTable({ step, data, epoch, extract, metrics, losses }: Everything): string {
  const rows: [string, string, string][] = [];
  const fixed = (value: number | null | undefined): string =>
    value === undefined || value === null ? 'not measured: no peer here' : value.toFixed(2);
  for (const { dim, layers, batch, ours, ratio, memoryRatio } of step) {
    rows.push([
      `training step, ${dim} wide, ${layers} layers, batch ${batch}: PyTorch’s time by ours (${ours.engine.split(':')[0]})`,
      `${fixed(ratio)} (${ours.medianMs.toFixed(0)} ms); memory ${fixed(memoryRatio)} of PyTorch’s`,
      '`npm run bench -- step --against FILE`',
    ]);
  }
  for (const { kind, imagesPerSecond, ratio } of data.decode) {
    const files = kind === 'jpeg' ? 'JPEG' : '16-bit PNG';
    const of = `decode and resize 2048² ${files}: our images/s by torchvision’s`;
    rows.push([of, `${fixed(ratio)} (${imagesPerSecond.toFixed(0)}/s)`, '`npm run bench -- data`']);
  }
  const { store, table } = data;
  rows.push([
    `feature store of ${store.rows} × ${store.dim}`,
    `opens in ${(store.openMs / 1000).toFixed(2)} s, waits ${(100 * store.waitShare).toFixed(1)} % of an epoch, ${store.aboveModelMiB.toFixed(0)} MiB above the model`,
    '`npm run bench -- data`',
  ]);
  rows.push([`label table of ${table.rows} rows`, `${table.seconds.toFixed(2)} s`, '`npm run bench -- data`']);
  for (const { encoder, factor } of epoch) {
    const of = `an epoch with ${encoder} in every step by one from the store`;
    rows.push([of, factor.toFixed(1), '`npm run bench -- epoch --encoder DIR`']);
  }
  for (const { encoder, imagesPerSecond, ratio } of extract) {
    const of = `features of images by ${encoder}: our images/s by those of onnxruntime and Pillow in Python`;
    rows.push([of, `${fixed(ratio)} (${imagesPerSecond.toFixed(0)}/s)`, '`npm run bench -- extract --encoder DIR`']);
  }
  for (const { size, losses: timings } of losses)
    for (const name of lossPeers(timings)) {
      const ratios = Object.values(timings)
        .flatMap((of) => of[name].ratio ?? [])
        .sort((a, b) => b - a);
      if (ratios.length === 0) continue;
      rows.push([
        `losses at [${size}], forward and backward: PyTorch’s time by ours (${name})`,
        `median ${fixed(1 / ratios[ratios.length >> 1])}, ${fixed(1 / ratios[0])} to ${fixed(1 / ratios.at(-1)!)}`,
        '`npm run bench -- losses`',
      ]);
    }
  if (metrics.sklearn) {
    const { points, bootstrap, sklearn } = metrics;
    rows.push([
      'AUROC and average precision: scikit-learn’s time by ours; of 1,000 bootstrap resamples',
      `${fixed(sklearn.points / points)}; ${fixed(sklearn.bootstrap / bootstrap)}`,
      '`npm run bench -- metrics`',
    ]);
  }
  return ['| what | ratio | command |', '| --- | --- | --- |', ...rows.map((cells) => `| ${cells.join(' | ')} |`)].join(
    '\n',
  );
}

/** The engine to measure: native where it starts. */
export async function bestEngine(start: (name: EngineName) => Promise<unknown>): Promise<EngineName> {
  try {
    await start('native');
    return 'native';
  } catch (error) {
    if (error instanceof EngineError) return 'wasm';
    throw error;
  }
}
