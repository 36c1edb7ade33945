import type { LabelThreshold } from '@cxr-align/classifier';
import { thresholdText } from '@cxr-align/evaluation';
import { InputError } from '@cxr-align/files';
import { changeThresholds, openDataset, runThresholds, type RunThresholds } from '@cxr-align/training';
import { thresholdsOf } from '../usage/threshold-flag.js';
import {
  commonFlags,
  dataFlags,
  encoderFlags,
  engineFlags,
  openOptions,
  printResult,
  startEngineOf,
  stderrEvents,
  type Command,
  type DataFlags,
} from './command.js';

const flags = {
  ...commonFlags,
  ...engineFlags,
  ...dataFlags,
  ...encoderFlags,
  run: { type: 'string', demandOption: true, describe: 'Run folder' },
  rule: {
    type: 'string',
    describe:
      'Rule for every label that --label gives none: youden, f-max, sensitivity=0.9, specificity=0.9 or ppv=0.5, on the validation images',
  },
  label: {
    type: 'string',
    array: true,
    describe:
      'Threshold or rule of one label: NAME=0.3, NAME=sensitivity=0.95, or a JSON file of them; repeat for more. Without --rule the others stay',
  },
  undo: { type: 'boolean', default: false, describe: 'Take the newest change back' },
  show: {
    type: 'boolean',
    default: false,
    describe: 'Only show thresholds and changes, as without any of these flags',
  },
  by: { type: 'string', describe: 'Who changes them, for the record; the name of the user unless given' },
  note: { type: 'string', describe: 'Why, for the record' },
  data: {
    ...dataFlags.data,
    demandOption: false,
    describe: 'For a run of an earlier version: the data set that it was trained on',
  },
} as const;

interface Flags extends DataFlags {
  json: boolean;
  engine: Parameters<typeof startEngineOf>[0]['engine'];
  threads?: number;
  run: string;
  rule?: string;
  label?: string[];
  undo: boolean;
  show: boolean;
  by?: string;
  note?: string;
  data?: string;
  encoder?: string;
  features?: string;
}

/** `cxr-align thresholds`: what a run decides by, and how that was changed. */
export const thresholds: Command = {
  builder: (yargs) =>
    yargs
      .options(flags)
      .example('$0 thresholds --run runs/first --rule sensitivity=0.9', 'find nine of ten, label by label')
      .example('$0 thresholds --run runs/first --label Edema=0.3 --note "fewer alarms"', 'one label by hand'),
  handler: async (given) => {
    const args = given as unknown as Flags;
    const { run, rule, undo, show, by, note, data, encoder, features } = args;
    const labels = thresholdsOf(args.label);
    const isChange = rule !== undefined || labels !== undefined || undo;
    if (show && isChange) throw new InputError('expected --show alone, got it with a change; leave one out');
    if (!isChange && (by ?? note ?? data) !== undefined)
      throw new InputError(
        'expected --by, --note and --data with --rule, --label or --undo, got them without a change',
      );
    if (data !== undefined) await startEngineOf(args);
    const result = isChange
      ? await changeThresholds({
          ...{ run, rule, labels, undo, by, note, encoder, features },
          data: data === undefined ? undefined : await openDataset(data, openOptions(args)),
          on: stderrEvents(),
        })
      : await runThresholds(run);
    printResult(args.json, result, () => thresholdsText(result));
  },
};

/** Thresholds as a table for a terminal of 80 columns, with what was changed below it. */
function thresholdsText({ labels, changes, changed, left = {}, origin }: RunThresholds): string {
  const rate = (value: number | null | undefined): string => (typeof value === 'number' ? value.toFixed(2) : '–');
  const isChanged = changed !== undefined && changed !== null;
  const state = ({ threshold, validation }: Pick<LabelThreshold, 'threshold' | 'validation'>): string[] => [
    thresholdText(threshold) ?? '–',
    rate(validation?.sensitivity),
    rate(validation?.specificity),
  ];
  const rows = [
    ['label', ...(isChanged ? ['before', 'sens.', 'spec.', 'now'] : ['threshold']), 'sens.', 'spec.', 'rule'],
    ...Object.entries(labels).map(([label, one]) => [
      label.length > 26 ? `${label.slice(0, 25)}…` : label,
      ...(isChanged && one.before ? state(one.before) : []),
      ...state(one),
      one.rule,
    ]),
  ];
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  const isText = (column: number): boolean => column === 0 || column === widths.length - 1;
  const lines = rows.map((row) =>
    row
      .map((cell, i) => (isText(i) ? cell.padEnd(widths[i]) : cell.padStart(widths[i])))
      .join('  ')
      .trimEnd(),
  );
  const record = changes.map(changeText);
  return [
    ...lines,
    '',
    'sens., spec.: on the validation images, decided along the label graph; too good, for thresholds were chosen there',
    ...(changed === null ? ['nothing changes: the thresholds are these already'] : []),
    ...Object.entries(left).map(([label, reason]) => `${label} stays: ${reason}`),
    `thresholds: ${origin}`,
    ...record,
  ].join('\n');
}

/** A change in a line: values by label, and how many labels have another rule at the same value. */
function changeText({ number, date, by, note, undoes, labels }: RunThresholds['changes'][number]): string {
  const shown = (value: number | null): string => value?.toFixed(3) ?? 'none';
  const all = Object.entries(labels);
  const moved = all.filter(([, one]) => one.old !== one.new);
  const what = moved.map(([label, one]) => `${label} ${shown(one.old)} → ${shown(one.new)} (${one.newRule})`);
  if (moved.length < all.length) what.push(`${all.length - moved.length} stay by another rule`);
  return [
    `change ${number}, ${date}, by ${by}`,
    ...(undoes === undefined ? [] : [`takes change ${undoes} back`]),
    ...(note === undefined ? [] : [note]),
    what.join(', '),
  ].join('; ');
}
