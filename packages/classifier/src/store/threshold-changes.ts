import { InputError, schemaFault, sealJson } from '@cxr-align/files';
import { z } from 'zod';

/** A change of a model's thresholds after its training: what was changed to what, by whom, and when. */
export interface ThresholdChange {
  /** From 1 on, in the order of the changes. */
  number: number;
  /** When, as ISO 8601 in UTC. */
  date: string;
  /** Who. */
  by: string;
  /** Why, where that was given. */
  note?: string;
  /** The change that this one takes back. */
  undoes?: number;
  /** By label, those whose threshold or rule changed. */
  labels: Record<string, ChangedThreshold>;
}

/** The threshold of a label before and after a change; null where there is none, and 0.5 decides. */
export interface ChangedThreshold {
  old: number | null;
  new: number | null;
  /** The rule behind each: that of training or of an earlier change, `given` where a value was. */
  oldRule: string;
  newRule: string;
}

/** The file of a change in a model folder; its manifest names it once the change holds. */
export function changeFile(number: number): string {
  return `thresholds-${number}.json`;
}

/** The number of the change that a file of a model folder is of; undefined for another file. */
export function changeNumber(name: string): number | undefined {
  const digits = /^thresholds-([1-9]\d*)\.json$/.exec(name)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/** The text of a change's file; it ends with the hash of all before. */
export function changeText(change: ThresholdChange): string {
  return sealJson(change, { indent: 2 });
}

const maybe = z.number().nullable();
const changeSchema = z.looseObject({
  number: z.number().int().min(1),
  date: z.string(),
  by: z.string(),
  note: z.string().optional(),
  undoes: z.number().int().min(1).optional(),
  labels: z.record(z.string(), z.looseObject({ old: maybe, new: maybe, oldRule: z.string(), newRule: z.string() })),
});

/** The change in the content of its file, which was checked. @throws {InputError} if it is none, or has another number. */
export function parseChange(content: unknown, number: number, file: string): ThresholdChange {
  const { error } = changeSchema.safeParse(content);
  if (error || (content as ThresholdChange).number !== number)
    throw new InputError(
      `expected the change ${number} of the thresholds, got ${error ? `something else (${schemaFault(error)})` : 'another one'}; copy the whole model folder again`,
      { file },
    );
  // Not zod's copy: it leaves out a label named __proto__.
  const { sha256: _, ...change } = content as ThresholdChange & { sha256?: string };
  return change;
}

/**
 * The thresholds that hold after some changes.
 *
 * @param fitted those of training, in the order of the labels; NaN where there is none.
 * @throws {InputError} if a change does not continue where the one before it ended: it is of another model.
 */
export function changedThresholds(
  labels: readonly string[],
  fitted: readonly number[],
  changes: readonly ThresholdChange[],
): number[] {
  const thresholds = new Map(labels.map((label, i) => [label, fitted[i]]));
  for (const { number, labels: changed } of changes)
    for (const [label, { old, new: value }] of Object.entries(changed)) {
      if (!Object.is(thresholds.get(label), old ?? NaN))
        throw new InputError(
          `expected the threshold of ${label} before change ${number} to be ${thresholds.get(label)}, got ${old}: the change is of another model; copy the whole model folder again`,
          { file: changeFile(number) },
        );
      thresholds.set(label, value ?? NaN);
    }
  return labels.map((label) => thresholds.get(label)!);
}

/** The thresholds before the first of some changes: those of training. */
export function fittedThresholds(
  labels: readonly string[],
  thresholds: readonly number[],
  changes: readonly ThresholdChange[] = [],
): number[] {
  return labels.map((label, i) => {
    const first = changes.find((change) => Object.hasOwn(change.labels, label));
    return first ? (first.labels[label].old ?? NaN) : thresholds[i];
  });
}
