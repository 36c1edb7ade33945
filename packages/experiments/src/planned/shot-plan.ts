import { existsSync, readFileSync } from 'node:fs';
import { drawShots, labelPolicy, selectSamples, type Dataset, type Shots } from '@cxr-align/datasets';
import { InputError, writeFileAtomic } from '@cxr-align/files';
import { propagateToAncestors } from '@cxr-align/label-graph';
import { graphFor, trainingDataset, truthOf, type Config, type OpenedDataset } from '@cxr-align/training';

/** Few-shot training images, drawn several times. */
export interface ShotPlan {
  /** Images with, and images without, each label. */
  shots: number;
  seed: number;
  /** Random seed of a test split that is missing. */
  splitSeed: number;
  /** Whether the training images that are not drawn stay, without labels. */
  keepsOthers: boolean;
  /** The images of each label, as rows of the table, by draw. */
  draws: Shots['byLabel'][];
  /** Labels with too few images or patients; of which draw, where it is not of all. */
  remarks: string[];
}

/** A draw for a process that opens the data itself. */
export interface ShotOfRun {
  /** `shots.json`. */
  file: string;
  /** From 1 on. */
  draw: number;
}

/**
 * Draws the training images of a few-shot series from the targets that a configuration trains on.
 *
 * @throws {InputError} if annotations do not stand by themselves under the label policy, so that masked ones would be known again.
 */
export function planShots(
  data: OpenedDataset,
  { config, shots, draws, splitSeed }: { config: Config; shots: number; draws: number; splitSeed: number },
): ShotPlan {
  if (labelPolicy(config.labelPolicy).classes === 3)
    throw new InputError(
      `expected a label policy that leaves unknown labels out, got ${config.labelPolicy}, which trains on them as a class of their own; take u-ignore`,
    );
  const { seed } = config;
  const { samples, annotations } = withSplits(data, splitSeed);
  const labels = annotations.labels.filter((label) => !config.holdOut.includes(label));
  const graph = graphFor(config.graph, data.dataset);
  const values = config.propagateToAncestors
    ? propagateToAncestors(annotations.values, graph).values
    : annotations.values;
  const truth = truthOf({ annotations: { ...annotations, values } }, config, graph);
  const columns = labels.map((label) => annotations.labels.indexOf(label));
  const targets = samples.flatMap((_, row) => columns.map((column) => truth[row * annotations.labels.length + column]));
  const drawn = Array.from({ length: draws }, (_, i) =>
    drawShots({ samples, labels, targets }, { shots, seed, draw: i + 1 }),
  );
  const plan: ShotPlan = {
    shots,
    seed,
    splitSeed,
    keepsOthers: config.unlabelled.split === 'train',
    draws: drawn.map(({ byLabel }) => byLabel),
    remarks: remarksOf(drawn),
  };
  checkMasks(plan, data, { config, graph });
  return plan;
}

/** The remarks of all draws, those that differ with the draw that they are of. */
function remarksOf(drawn: readonly Shots[]): string[] {
  const found = new Map<string, number[]>();
  drawn.forEach(({ remarks }, i) => remarks.forEach((line) => found.set(line, [...(found.get(line) ?? []), i + 1])));
  return [...found].map(([line, of]) => (of.length === drawn.length ? line : `${line} (draw ${of.join(', ')})`));
}

/** @throws {InputError} if a policy makes annotations known that the draw masked. */
function checkMasks(
  { draws: [byLabel], ...plan }: ShotPlan,
  data: OpenedDataset,
  { config, graph }: { config: Config; graph: ReturnType<typeof graphFor> },
): void {
  const { samples, annotations } = shotDataset(data, { ...plan, draws: [byLabel] }, 1);
  const { labels } = annotations;
  const truth = truthOf({ annotations }, config, graph);
  const wrong = Object.entries(byLabel).flatMap(([label, { positives, negatives }]) => {
    const at = labels.indexOf(label);
    const known = samples.filter(
      ({ split }, row) => split === 'train' && !Number.isNaN(truth[row * labels.length + at]),
    ).length;
    const wanted = positives.length + negatives.length;
    return known === wanted ? [] : [`${known} images of ${label} in place of ${wanted}`];
  });
  if (wrong.length > 0)
    throw new InputError(
      `expected a label policy under which the annotations of a label stand by themselves, got one that decides them by other labels (${wrong.join(', ')}); take u-ignore, and noFinding as-is`,
    );
}

/** Writes `shots.json`: the images of each draw, as rows of the table from 0 on. @throws {InputError} if the folder has other draws. */
export function writeShotPlan(
  file: string,
  { remarks: _, ...plan }: ShotPlan,
  { samples }: Pick<Dataset, 'samples'>,
): void {
  const rows = new Set(
    plan.draws.flatMap((byLabel) =>
      Object.values(byLabel).flatMap(({ positives, negatives }) => [...positives, ...negatives]),
    ),
  );
  const images = Object.fromEntries([...rows].sort((a, b) => a - b).map((row) => [row, samples[row].id]));
  const text = `${JSON.stringify({ formatVersion: 1, ...plan, images }, null, 1)}\n`;
  if (!existsSync(file)) writeFileAtomic(file, text);
  else if (readFileSync(file, 'utf8') !== text)
    throw new InputError(
      `expected the draws of this few-shot training (${plan.draws.length} of ${plan.shots} images, seed ${plan.seed}), got others; use another folder`,
      { file },
    );
}

/** What {@link writeShotPlan} wrote. */
export function readShotPlan(file: string): Omit<ShotPlan, 'remarks'> {
  return JSON.parse(readFileSync(file, 'utf8')) as Omit<ShotPlan, 'remarks'>;
}

/**
 * A data set as a draw trains on it: its training images are those of the draw, and a label is known in its own images alone. The other
 * splits are as they were.
 *
 * @param draw from 1 on.
 */
export function shotDataset(data: OpenedDataset, plan: Omit<ShotPlan, 'remarks'>, draw: number): Dataset {
  const dataset = withSplits(data, plan.splitSeed);
  const { labels, values, notLabelled } = dataset.annotations;
  const masked = {
    values: Float32Array.from(values),
    notLabelled: notLabelled ? Uint8Array.from(notLabelled) : new Uint8Array(values.length),
  };
  dataset.samples.forEach(({ split }, row) => {
    if (split !== 'train') return;
    masked.values.fill(NaN, row * labels.length, (row + 1) * labels.length);
    masked.notLabelled.fill(1, row * labels.length, (row + 1) * labels.length);
  });
  for (const [label, { positives, negatives }] of Object.entries(plan.draws[draw - 1]))
    for (const [rows, value] of [
      [positives, 1],
      [negatives, 0],
    ] as const)
      for (const row of rows) {
        const at = row * labels.length + labels.indexOf(label);
        masked.values[at] = value;
        masked.notLabelled[at] = 0;
      }
  return selectSamples(
    { ...dataset, annotations: { labels, ...masked }, hasOwnSplits: true },
    shotRows(data, plan, draw),
  );
}

/** Where the images that a draw trains on, or is evaluated on, lie in the table. @param draw from 1 on. */
export function shotRows(data: OpenedDataset, plan: Omit<ShotPlan, 'remarks'>, draw: number): number[] {
  const drawn = new Set(
    Object.values(plan.draws[draw - 1]).flatMap(({ positives, negatives }) => [...positives, ...negatives]),
  );
  return withSplits(data, plan.splitSeed).samples.flatMap(({ split }, row) =>
    split !== 'train' || drawn.has(row) || plan.keepsOthers ? [row] : [],
  );
}

/** The data set with the test split that is drawn where it has no splits. */
export function withSplits(data: OpenedDataset, splitSeed: number): Dataset {
  return trainingDataset(data, { seed: splitSeed, drawsValidation: false }).dataset;
}
