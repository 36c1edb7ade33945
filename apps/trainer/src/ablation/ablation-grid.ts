import { InputError } from '@cxr-align/files';
import { z } from 'zod';
import { makeConfig, presets, readSettings, type Config } from '../config/config.js';
import defaultGrid from './default-grid.json' with { type: 'json' };

const changes = z.record(z.string(), z.unknown());
const gridSchema = z.strictObject({
  baseline: z.string().describe('The configuration that the others are held against'),
  base: changes.default({}).describe('Changes of the defaults that all share'),
  configurations: z
    .record(z.string().min(1), z.intersection(z.object({ preset: z.string().optional() }), changes))
    .describe('Changes of each configuration by its name; "preset" takes over a named one'),
  trainCounts: z
    .array(z.number().int().min(1).nullable())
    .min(1)
    .default([null])
    .describe('Sizes of the training set, whole patients; null = all of it'),
});

/** One run of an ablation. */
export interface PlannedRun {
  configuration: string;
  trainCount: number | null;
  seed: number;
  config: Config;
}

/** What an ablation trains. */
export interface AblationPlan {
  baseline: string;
  configurations: string[];
  trainCounts: (number | null)[];
  seeds: number[];
  runs: PlannedRun[];
}

/**
 * Plans the runs of a grid: every configuration with every size of the training set and every seed.
 *
 * @param file JSON or YAML; the default grid unless given.
 * @param set `key=value` changes of all configurations.
 * @throws {InputError} on an unknown key, preset or baseline, by name.
 */
export function planAblation({
  file,
  seeds,
  set,
}: {
  file?: string;
  seeds: number;
  set?: readonly string[];
}): AblationPlan {
  const place = file ?? 'the default grid';
  const checked = gridSchema.safeParse(file === undefined ? defaultGrid : readSettings(file, '--grid'));
  if (!checked.success)
    throw new InputError(z.prettifyError(checked.error).replace(/\n\s+→ at /g, ', at '), { file: place });
  const { baseline, base, configurations, trainCounts } = checked.data;
  const names = Object.keys(configurations);
  if (!names.includes(baseline))
    throw new InputError(`expected the baseline to be one of ${names.join(', ')}, got ${baseline}`, { file: place });
  const numbers = Array.from({ length: seeds }, (_, seed) => seed);
  const runs = trainCounts.flatMap((trainCount) =>
    names.flatMap((configuration) =>
      numbers.map((seed): PlannedRun => {
        const { preset, ...own } = configurations[configuration];
        if (preset !== undefined && !Object.hasOwn(presets, preset))
          throw new InputError(`expected a preset of ${Object.keys(presets).join(', ')}, got ${preset}`, {
            file: place,
          });
        const config = makeConfig({ preset, layers: [base, own], set, flags: { seed } });
        return { configuration, trainCount, seed, config };
      }),
    ),
  );
  return { baseline, configurations: names, trainCounts, seeds: numbers, runs };
}

/** The folder of a run, by its names. */
export function runFolder({ configuration, trainCount, seed }: PlannedRun): string {
  const name = configuration.replace(/[^\w.-]+/g, '-');
  return `${name}${trainCount === null ? '' : `-${trainCount}`}/seed-${seed}`;
}
