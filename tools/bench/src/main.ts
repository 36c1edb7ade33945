import { cpus } from 'node:os';
import { engineNames, type EngineName } from '@cxr-align/engine';
import { benchGraph, graphText } from './graph.js';
import { isSteady, soak, soakText } from './soak.js';
import { benchStep, stepOnce, stepRequest, stepText } from './step.js';
import { benchMetrics, metricText } from './metrics.js';
import { benchLosses, lossTable, writeLossTables } from './losses.js';

const usage = `npm run bench -- losses [--engine NAME,NAME] [--ms N] [--json] [--write]
       npm run bench -- graph|metrics [--json]
       npm run bench -- step [--engine NAME] [--against FILE] [--python BIN] [--sizes NAME,NAME] [--mixing KIND]
                             [--rounds N] [--profile] [--json]

       npm run soak -- [--engine NAME] [--steps N] [--json]

  losses    time and peak of tensor memory of each loss, forward and backward, beside PyTorch where it is installed
  graph     all matrices of a label graph of 200 labels; counting in a table as long as CheXpert's
  metrics   point values and bootstrap draws at the size of NIH's test set, beside scikit-learn where it is installed
  step      the method's whole training step at the paper's size (batch 32 and 100) and at a small one, in turns with
            PyTorch where --against names its script; --sizes of paper, paper-100, small; --mixing full, factored, folded
  soak      20,000 small training steps: whether tensors or memory grow; exit code 1 if they do
  --engine  engines to time, comma-separated. Default wasm; native for step
  --ms      milliseconds spent on each measurement. Default 300
  --json    everything that was measured, as JSON
  --write   puts the table into the README of the package`;

/** Exit code 2 on wrong usage. */
async function main(args: string[]): Promise<number> {
  const valueOf = (name: string, fallback: string): string =>
    args.includes(name) ? (args[args.indexOf(name) + 1] ?? '') : fallback;
  if (args[0] === 'graph') {
    const timings = benchGraph();
    console.log(args.includes('--json') ? JSON.stringify(timings) : graphText(timings));
    return 0;
  }
  if (args[0] === 'metrics') {
    const timings = benchMetrics();
    console.log(args.includes('--json') ? JSON.stringify(timings) : metricText(timings));
    return 0;
  }
  if (args[0] === 'soak') {
    const steps = Number(valueOf('--steps', '20000'));
    const engine = valueOf('--engine', 'wasm') as EngineName;
    if (!Number.isInteger(steps) || steps < 20 || !engineNames.includes(engine)) {
      console.error(
        `expected --steps of 20 or more and --engine of ${engineNames.join(', ')}, got ${steps}, ${engine}`,
      );
      return 2;
    }
    const result = await soak(engine, steps);
    console.log(args.includes('--json') ? JSON.stringify(result) : soakText(result));
    return isSteady(result) ? 0 : 1;
  }
  if (args[0] === 'step-once') {
    await stepOnce(args);
    return 0;
  }
  if (args[0] === 'step') {
    const request = stepRequest(args);
    if (typeof request === 'string') {
      console.error(`${request}\n\n${usage}`);
      return 2;
    }
    const results = benchStep(request);
    console.log(args.includes('--json') ? JSON.stringify(results) : stepText(results));
    return 0;
  }
  const engines = valueOf('--engine', 'wasm').split(',');
  const budget = Number(valueOf('--ms', '300'));
  const strange = engines.find((name) => !engineNames.includes(name as EngineName));
  if (args[0] !== 'losses' || strange !== undefined || !(budget > 0)) {
    if (strange !== undefined) console.error(`expected --engine of ${engineNames.join(', ')}, got ${strange}\n`);
    console.error(usage);
    return 2;
  }
  const results = await benchLosses(engines as EngineName[], budget);
  if (args.includes('--json')) console.log(JSON.stringify(results));
  const text = results.map(lossTable).join('\n\n');
  if (!args.includes('--json')) console.log(text);
  if (args.includes('--write')) {
    const [cpu] = cpus();
    writeLossTables(
      `Milliseconds forward and backward, medians on ${cpus().length} cores (${cpu.model.trim()}); *peak* is the tensor memory at the worst moment, by the size of the input that is learned. \`npm run bench -- losses --write\` makes this table.\n\n${text}`,
    );
  }
  return 0;
}

main(process.argv.slice(2)).then(
  (code) => process.exit(code),
  (error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exit(1);
  },
);
