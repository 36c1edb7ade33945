import { prevalenceDrifts, type Evaluation, type SplitLabels } from '@cxr-align/evaluation';
import type { ReportTable } from '@cxr-align/report';
import type { TrainingData } from '@cxr-align/training';
import { percent } from './label-sections.js';

/** Splits by name. */
export type NamedSplits = Readonly<Record<string, SplitLabels>>;

/**
 * How many images have each label in the splits that a model was trained and chosen on, and in those that it is evaluated on: the test
 * split of its own data, or images of other data. Undefined where a run has no such record.
 */
export function splitLabels(trained: TrainingData | null, evaluation: Evaluation): NamedSplits | undefined {
  if (!trained?.labelCounts) return undefined;
  const { images, patients, labelCounts, name } = trained;
  const recorded = (['train', 'val', 'test'] as const).map((split): [string, SplitLabels] => [
    split,
    { images: images[split], patients: patients[split], labels: labelCounts[split] },
  ]);
  if (evaluation.data === name) return Object.fromEntries(recorded.filter(([, split]) => split.images > 0));
  const { data, split, samples, labels, mapping, views } = evaluation;
  // Labels that were mapped to others, and studies, have shares of their own.
  const isAlike = mapping === undefined && views === 'image';
  const evaluated: SplitLabels = { images: samples, patients: evaluation.patients, labels };
  return Object.fromEntries([
    ...recorded.slice(0, 2),
    ...(isAlike ? [[`${split} of ${data}`, evaluated] as const] : []),
  ]);
}

/** The share of images with each label, by split, and where it differs; nothing of one split alone. */
export function prevalenceTable(splits: NamedSplits = {}): ReportTable[] {
  const names = Object.keys(splits);
  if (names.length < 2) return [];
  const drifting = new Set(prevalenceDrifts(splits).drifts.map(({ label }) => label));
  const labels = Object.keys(splits[names[0]].labels);
  return [
    {
      caption: 'Share of the images with each label, by split',
      canFilter: true,
      header: ['label', ...names, ''],
      rows: labels.map((label) => [
        label,
        ...names.map((name) => shareText(splits[name], label)),
        drifting.has(label) ? { text: 'differs', tone: 'bad' as const } : '',
      ]),
    },
  ];
}

function shareText({ labels }: SplitLabels, label: string): string | null {
  if (!Object.hasOwn(labels, label)) return null;
  const { positives, negatives } = labels[label];
  const known = positives + negatives;
  return known === 0 ? null : `${percent(positives / known)} (${positives} of ${known})`;
}
