import { InputError, readYaml } from '@cxr-align/files';
import { z } from 'zod';
import { type Config, makeConfig, presets, safeName, settingsError } from '@cxr-align/training';
import defaultGrid from './default-grid.json' with { type: 'json' };

const changes = z.record(z.string(), z.unknown());
const gridSchema = z.strictObject({
  baseline: z.string().describe('The configuration that the others are compared with'),
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
 * @param trainCounts sizes of the training set in place of those of the grid; null = all of it.
 * @throws {InputError} on an unknown key, preset or baseline, by name.
 */
export function planAblation({
  file,
  seeds,
  set,
  trainCounts: givenCounts,
}: {
  file?: string;
  seeds: number;
  set?: readonly string[];
  trainCounts?: readonly (number | null)[];
}): AblationPlan {
  const place = file ?? 'the default grid';
  const checked = gridSchema.safeParse(file === undefined ? defaultGrid : readYaml(file), { reportInput: true });
  if (!checked.success) throw settingsError(checked.error, Object.keys(gridSchema.shape), place);
  const { baseline, base, configurations } = checked.data;
  const trainCounts = givenCounts === undefined ? checked.data.trainCounts : [...givenCounts];
  if (
    trainCounts.length === 0 ||
    trainCounts.some((count) => count !== null && !(Number.isInteger(count) && count >= 1))
  )
    throw new InputError(
      `expected sizes of the training set as whole numbers of 1 or more, got ${trainCounts.join(', ') || 'none'}; correct them`,
    );
  const names = Object.keys(configurations);
  if (!names.includes(baseline))
    throw new InputError(`expected the baseline to be one of ${names.join(', ')}, got ${baseline}; correct baseline`, {
      file: place,
    });
  const numbers = Array.from({ length: seeds }, (_, seed) => seed);
  const runs = trainCounts.flatMap((trainCount) =>
    names.flatMap((configuration) =>
      numbers.map((seed): PlannedRun => {
        const { preset, ...own } = configurations[configuration];
        if (preset !== undefined && !Object.hasOwn(presets, preset))
          throw new InputError(`expected a preset of ${Object.keys(presets).join(', ')}, got ${preset}`, {
            file: place,
          });
        const config = makeConfig({
          preset,
          layers: [base, own],
          set,
          flags: { seed },
          place: `${place}, configuration ${configuration}`,
        });
        return { configuration, trainCount, seed, config };
      }),
    ),
  );
  refuseSharedFolders(runs, place);
  return { baseline, configurations: names, trainCounts, seeds: numbers, runs };
}

/** The folder of a run inside the ablation's folder: no two configurations share one. */
export function runFolder({ configuration, trainCount, seed }: PlannedRun): string {
  return `${safeName(configuration)}${trainCount === null ? '' : `-${trainCount}`}/seed-${seed}`;
}

/** @throws {InputError} if two runs would share a folder, also where upper and lower case are the same. */
function refuseSharedFolders(runs: readonly PlannedRun[], file: string): void {
  const owners = new Map<string, PlannedRun>();
  for (const run of runs) {
    const folder = runFolder(run).toLowerCase();
    const owner = owners.get(folder);
    if (owner)
      throw new InputError(
        `expected configurations with folders of their own, got ${folder} for both ${owner.configuration} and ${run.configuration}; rename one`,
        { file },
      );
    owners.set(folder, run);
  }
}
