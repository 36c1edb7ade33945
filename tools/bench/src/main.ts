import { engineNames, startEngine, type EngineName } from '@cxr-align/engine';
import { benchData, dataOnce, dataText } from './data.js';
import { benchEpoch, epochText } from './epoch.js';
import { benchEverything, bestEngine, type Everything, everythingText, ratioTable } from './everything.js';
import { benchExtract, extractText } from './extract.js';
import { benchFewLabels, fewLabelsText } from './few-labels.js';
import { Flags, UsageError } from './flags.js';
import { benchGraph, graphText } from './graph.js';
import { benchHeldOut, heldOutText } from './held-out.js';
import type { Size } from './loss-cases.js';
import { serveLossTimings } from './loss-timer.js';
import { benchLosses, lossesText } from './losses.js';
import { benchMetrics, metricText } from './metrics.js';
import { isSteady, soak, soakText } from './soak.js';
import { type LargeSizes, largeParts, largeText, soakLarge } from './soak-large.js';
import { benchNext, nextBenchText } from './next.js';
import { asBlock, writeSection } from './speed-page.js';
import { benchSuspects, suspectsText } from './suspects.js';
import { benchStep, stepOnce, stepRequest, stepSizes, stepText } from './step.js';

const usage = `npm run bench [-- --python BIN] [--engine NAME] [--sizes NAME,NAME] [--encoder DIR] [--images N] [--rounds N] [--json]
              [--write]
npm run bench -- losses [--engine NAME,NAME] [--python BIN] [--rounds N] [--ms N] [--only TEXT] [--json] [--write]
npm run bench -- graph|metrics [--json]
npm run bench -- step [--engine NAME] [--against FILE] [--python BIN] [--sizes NAME,NAME] [--mixing KIND] [--rounds N]
                      [--capture auto|xla|replay|off] [--precision float32|tf32|bf16] [--compile-peer] [--profile] [--json]
npm run bench -- data [--images N] [--python BIN] [--rounds N] [--json]
npm run bench -- epoch [--engine NAME] [--encoder DIR] [--python BIN] [--images N] [--json]
npm run bench -- extract --encoder DIR [--python BIN] [--images N] [--rounds N] [--json]
npm run bench -- held-out --data DIR --label NAME [--label NAME …] [--seeds N] [--split S] [--train "FLAGS"] [--json]
npm run bench -- few-labels --data DIR [--data DIR …] --stores DIR --model "NAME FLAGS" [--model …] [--baseline NAME]
                      [--counts 16,32,…,all] [--draws N] [--train "FLAGS"] [--out DIR] [--json]
npm run bench -- suspects|next --data DIR --stores DIR [--sets NAME,NAME] [--draws N] [--images N] [--json]
npm run soak [-- --parts NAME,NAME] [--engine NAME] [--steps N] [--trainings N] [--rows N] [--labels N] [--images N] [--json]

  (none)    all of the following, and a table of ratios with what repeats each
  losses    time and peak of tensor memory of each loss, forward and backward, on each engine operation by operation and
            captured, in turns with PyTorch where --python has torch
  graph     all matrices of a label graph of 200 labels; counting in a table as long as CheXpert's
  metrics   point values and bootstrap draws at the size of NIH's test set, beside scikit-learn where it is installed
  step      the method's whole training step at the paper's size (batch 32 and 100) and at a small one, in turns with
            PyTorch where --against names its script; --sizes of paper, paper-100, small, and paper-1000 for GPUs; --compile-peer takes
            PyTorch's torch.compile, where tools/bench/python/torch_on_cuda.py is the script; --mixing full, factored, folded
  data      decoding beside torchvision where --python has it; an epoch over 377,000 rows of features; the
            tables of CheXpert and of MIMIC-CXR-JPG
  epoch     an epoch with the frozen encoder in every step, and one that reads its features; --encoder again for more;
            a ViT-B/16 of random weights, too, where --python has torch, torchvision and onnx
  extract   images/s of cxr-align extract on phantoms, beside onnxruntime and Pillow where --python has them
  held-out  how well a label is predicted that was never trained, by its prompts: a run for each label and seed
  few-labels  models trained on few images, drawn in whole patients, without a validation split, and scored on the validation
            split, which chose nothing; --out keeps what was computed, and a second call goes on
  suspects  how well flipped labels are found (data suspects), beside cleanlab where --python has it, and what is found in the sets;
            --data has a folder a set, --stores its features under the same name
  next      how many labels data next needs for the AUROC that random choice reaches with 256
  soak      what is long and what is large, by --parts (all): steps, 20,000 of a small training: tensors stay, and resident
            memory within 2 % of that after the first tenth; trainings, 50 in one process; rows, a table of 1,000,000;
            labels, 500 through train, evaluate, report and predict; images, 50,000 of the same pixels, checked. Exit code 1
            if anything grows, or takes more than is promised
  --engine  engines to time, comma-separated. Default wasm; native for step; both for losses
  --ms      milliseconds spent on each pass of each loss in each round. Default 50
  --only    the losses whose name has that in it
  --json    everything that was measured, as JSON
  --write   puts what was measured into apps/docs/results/speed.md, with date, machine and command`;

/** What stands in the sections of the page of speed, from the results of all benchmarks. */
const sections: { [Name in keyof Omit<Everything, 'machine'>]: (result: Everything[Name]) => string } = {
  step: stepText,
  data: dataText,
  epoch: epochText,
  extract: extractText,
  losses: lossesText,
  metrics: metricText,
  graph: graphText,
};

/** What was measured: for machines, for people, and whether it is as it should be. */
interface Outcome {
  result: unknown;
  text: () => string;
  isSound?: boolean;
}

const benchmarks: Record<string, (flags: Flags) => Promise<Outcome>> = {
  graph: async () => {
    const result = await benchGraph();
    return { result, text: () => graphText(result) };
  },
  metrics: async () => {
    const result = benchMetrics();
    return { result, text: () => metricText(result) };
  },
  losses: async (flags) => {
    const engines = flags.text('--engine', 'wasm,native').split(',');
    const strange = engines.find((name) => !engineNames.includes(name as EngineName));
    if (strange !== undefined) throw new UsageError(`expected --engine of ${engineNames.join(', ')}, got ${strange}`);
    const result = await benchLosses({
      engines: engines as EngineName[],
      python: flags.text('--python', process.env.CXR_PYTHON ?? 'python3'),
      rounds: flags.whole('--rounds', 5),
      ms: flags.whole('--ms', 50),
      only: flags.text('--only'),
    });
    return { result, text: () => lossesText(result) };
  },
  step: async (flags) => {
    const result = benchStep(stepRequest(flags));
    return { result, text: () => stepText(result) };
  },
  data: async (flags) => {
    const result = await benchData({
      images: flags.whole('--images', 300, 16),
      rounds: flags.whole('--rounds', 3),
      python: flags.text('--python', 'python3'),
    });
    return { result, text: () => dataText(result) };
  },
  epoch: async (flags) => {
    const result = await benchEpoch({
      engine: flags.choice('--engine', engineNames, 'wasm'),
      images: flags.whole('--images', 256, 32),
      encoders: flags.texts('--encoder'),
      python: flags.text('--python'),
    });
    return { result, text: () => epochText(result) };
  },
  extract: (flags) => {
    const result = benchExtract({
      encoders: flags.texts('--encoder'),
      images: flags.whole('--images', 300, 16),
      rounds: flags.whole('--rounds', 3),
      python: flags.text('--python', 'python3'),
    });
    return Promise.resolve({ result, text: () => extractText(result) });
  },
  'held-out': async (flags) => {
    const data = flags.text('--data');
    const labels = flags.texts('--label');
    if (data === undefined || labels.length === 0)
      throw new UsageError('expected --data DIR and --label NAME, got none');
    const result = benchHeldOut({
      data,
      labels,
      seeds: flags.whole('--seeds', 3),
      split: flags.text('--split', 'val'),
      train: flags.text('--train', '').split(' ').filter(Boolean),
    });
    return { result, text: () => heldOutText(result) };
  },
  'few-labels': async (flags) => {
    const data = flags.texts('--data');
    const stores = flags.text('--stores');
    if (data.length === 0 || stores === undefined)
      throw new UsageError('expected --data DIR for each set and --stores DIR with a feature store of each, got none');
    const words = (text: string): string[] => text.split(' ').filter(Boolean);
    const result = await benchFewLabels({
      data,
      stores,
      counts: flags
        .text('--counts', '16,32,64,128,256,all')
        .split(',')
        .map((count) => (count === 'all' ? 0 : Number(count))),
      draws: flags.whole('--draws', 5),
      models: flags.texts('--model').map((text) => {
        const [name, ...train] = words(text);
        return { name, train };
      }),
      train: words(flags.text('--train', '')),
      out: flags.text('--out', 'few-labels'),
      baseline: flags.text('--baseline', 'logistic'),
    });
    return { result, text: () => fewLabelsText(result) };
  },
  suspects: async (flags) => {
    const python = flags.text('--python');
    if (python !== undefined) process.env.CXR_PYTHON = python;
    const result = await benchSuspects({
      ...realSets(flags),
      draws: flags.whole('--draws', 5),
      images: flags.whole('--images', 1000, 50),
    });
    return { result, text: () => suspectsText(result) };
  },
  next: async (flags) => {
    const result = await benchNext({
      ...realSets(flags),
      draws: flags.whole('--draws', 10),
      images: flags.whole('--images', 1000, 50),
    });
    return { result, text: () => nextBenchText(result) };
  },
  soak: async (flags) => {
    const names = Object.keys(largeParts) as (keyof LargeSizes)[];
    const parts = flags.text('--parts', ['steps', ...names].join()).split(',');
    const strange = parts.find((name) => name !== 'steps' && !names.includes(name as keyof LargeSizes));
    if (strange !== undefined) throw new UsageError(`expected --parts of steps, ${names.join(', ')}, got ${strange}`);
    const defaults: LargeSizes = { trainings: 50, rows: 1_000_000, labels: 500, images: 50_000 };
    const sizes = Object.fromEntries(
      names.map((name) => [name, flags.whole(`--${name}`, defaults[name], 2)]),
    ) as unknown as LargeSizes;
    const steps = parts.includes('steps')
      ? await soak(flags.choice('--engine', engineNames, 'wasm'), flags.whole('--steps', 20_000, 20))
      : undefined;
    const large = await soakLarge(
      names.filter((name) => parts.includes(name)),
      sizes,
    );
    return {
      result: { steps, large },
      text: () => [...(steps ? [soakText(steps)] : []), ...large.map(largeText)].join('\n'),
      isSound: (!steps || isSteady(steps)) && large.every(({ isSound }) => isSound),
    };
  },
  everything: async (flags) => {
    const result = benchEverything({
      engine: flags.has('--engine') ? flags.choice('--engine', engineNames, 'wasm') : await bestEngine(startEngine),
      python: flags.text('--python', 'python3'),
      rounds: flags.whole('--rounds', 1),
      sizes: flags.text('--sizes')?.split(',') ?? stepSizes.filter((name) => name !== 'paper-100'),
      images: flags.whole('--images', 60, 16),
      encoders: flags.texts('--encoder'),
    });
    return { result, text: () => `${everythingText(result)}\n\n${JSON.stringify(result)}` };
  },
};

/** The folders of the real sets. */
function realSets(flags: Flags): { data: string; stores: string; sets: string[] } {
  const data = flags.text('--data');
  const stores = flags.text('--stores');
  if (data === undefined || stores === undefined)
    throw new UsageError('expected --data DIR and --stores DIR, got none');
  return { data, stores, sets: flags.text('--sets', 'nih-1000,kermany-hier,covid-cxr,pneumonia-mnist').split(',') };
}

/** Writes one section of the page of speed, or all of them and the table of ratios. */
async function writeToPage(name: string, result: unknown, text: () => string, args: readonly string[]): Promise<void> {
  if (name !== 'everything') return writeSection(name, asBlock(text()), args);
  const all = result as Everything;
  await writeSection('ratios', ratioTable(all), args);
  for (const part of Object.keys(sections) as (keyof typeof sections)[])
    await writeSection(part, asBlock((sections[part] as (result: unknown) => string)(all[part])), args);
}

/** Exit code 2 on wrong usage. */
async function main(args: string[]): Promise<number> {
  const [first = '--'] = args;
  const name = first.startsWith('--') ? 'everything' : first;
  // Parts that a benchmark runs in processes of their own.
  if (name === 'step-once') {
    console.log(JSON.stringify(await stepOnce(new Flags(args))));
    return 0;
  }
  if (name === 'losses-timer') {
    const flags = new Flags(args);
    const size = flags.text('--size', '').split(',').map(Number) as unknown as Size;
    await serveLossTimings(flags.choice('--engine', engineNames, 'wasm'), size, flags.text('--capture') === 'auto');
    return 0;
  }
  if (name === 'data-once') {
    console.log(JSON.stringify(await dataOnce(args.slice(1))));
    return 0;
  }
  const run = Object.hasOwn(benchmarks, name) ? benchmarks[name] : undefined;
  if (!run || args.includes('--help')) {
    console.error(usage);
    return args.includes('--help') ? 0 : 2;
  }
  try {
    const flags = new Flags(args);
    const { result, text, isSound = true } = await run(flags);
    console.log(flags.has('--json') ? JSON.stringify(result) : text());
    if (flags.has('--write')) await writeToPage(name, result, text, args);
    return isSound ? 0 : 1;
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.error(`${error.message}\n\n${usage}`);
    return 2;
  }
}

main(process.argv.slice(2)).then(
  (code) => process.exit(code),
  (error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exit(1);
  },
);
