import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runProgram } from './run-program.js';

export interface HeldOutRequest {
  data: string;
  /** Labels, each held out of a run of its own. */
  labels: readonly string[];
  seeds: number;
  split: string;
  /** Further arguments of `train`. */
  train: readonly string[];
}

type Range = [number | null, number | null];

/** The part of `evaluation.json` that is read here. */
interface Scores {
  auroc: number | null;
  aurocCi: Range;
  parent: string | null;
  parentAuroc: number | null;
  promptAuroc: number | null;
  difference: number | null;
  differenceCi: Range;
}

/** How one label is told that was never trained: means over the seeds, of the ends of the intervals too. */
export interface HeldOutResult extends Scores {
  data: string;
  label: string;
  split: string;
  /** AUROC of each seed. */
  bySeed: (number | null)[];
}

/** Trains without each of some labels, and scores the label by its prompts. */
export function benchHeldOut({ data, labels, seeds, split, train }: HeldOutRequest): HeldOutResult[] {
  const bin = fileURLToPath(new URL('../../../apps/trainer/bin/cxr-align.js', import.meta.url));
  const folder = mkdtempSync(join(tmpdir(), 'held-out-'));
  try {
    return labels.map((label) => {
      const runs = Array.from({ length: seeds }, (_, seed) => {
        const run = join(folder, 'run');
        const args = [
          'train',
          '--data',
          data,
          '--out',
          run,
          '--hold-out-label',
          label,
          '--seed',
          String(seed),
          ...train,
        ];
        runProgram(process.execPath, [bin, ...args]);
        const out = join(folder, 'out');
        const features = train.includes('--features') ? ['--features', train[train.indexOf('--features') + 1]] : [];
        runProgram(process.execPath, [
          bin,
          'evaluate',
          '--run',
          run,
          '--data',
          data,
          '--split',
          split,
          '--out',
          out,
          ...features,
        ]);
        const { zeroShot } = JSON.parse(readFileSync(join(out, 'evaluation.json'), 'utf8')) as {
          zeroShot: Record<string, Scores>;
        };
        rmSync(run, { recursive: true });
        const scores = zeroShot[label];
        if (!scores)
          throw new Error(`expected --label of ${Object.keys(zeroShot).join(', ')}, as the run names it, got ${label}`);
        console.error(`${label}, seed ${seed}: ${JSON.stringify(scores)}`);
        return scores;
      });
      const mean = (value: (scores: Scores) => number | null): number | null => {
        const values = runs.map(value).filter((one) => one !== null);
        return values.length > 0 ? values.reduce((sum, one) => sum + one, 0) / values.length : null;
      };
      const ends = (key: 'aurocCi' | 'differenceCi'): Range => [mean((one) => one[key][0]), mean((one) => one[key][1])];
      return {
        data: basename(data),
        label,
        split,
        auroc: mean((one) => one.auroc),
        promptAuroc: mean((one) => one.promptAuroc),
        aurocCi: ends('aurocCi'),
        parent: runs[0].parent,
        parentAuroc: mean((one) => one.parentAuroc),
        difference: mean((one) => one.difference),
        differenceCi: ends('differenceCi'),
        bySeed: runs.map(({ auroc }) => auroc),
      };
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A table for READMEs. */
export function heldOutText(results: readonly HeldOutResult[]): string {
  const number = (value: number | null): string => (value === null ? '–' : value.toFixed(3));
  const range = ([low, high]: Range): string =>
    low === null || high === null ? '' : ` (${number(low)} to ${number(high)})`;
  return [
    '| data, split | label never trained | AUROC in its place | by prompts alone | the score of the label above | difference | seeds |',
    '| --- | --- | --: | --: | --: | --: | --: |',
    ...results.map(
      (one) =>
        `| ${one.data}, ${one.split} | ${one.label} | ${number(one.auroc)}${range(one.aurocCi)} | ${number(one.promptAuroc)} | ${one.parent === null ? 'none above it' : `${number(one.parentAuroc)} (${one.parent})`} | ${number(one.difference)}${range(one.differenceCi)} | ${one.bySeed.length} |`,
    ),
  ].join('\n');
}
